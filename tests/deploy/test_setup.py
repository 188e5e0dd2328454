import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.desk import setup

ROOT = Path(__file__).parents[2]
PARTS = ("requirements.lock", "embedded.lock", "embedded-second.lock", "pyproject.toml")
BASE_PYTHON = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")


@pytest.fixture
def copy() -> Iterator[Path]:
    """The project without what a build would leave in it."""
    folder = Path(tempfile.mkdtemp(prefix="tenure-copy-"))
    for name in (*PARTS, "LICENSE", "README.md"):
        shutil.copy2(ROOT / name, folder)
    for name in ("deploy", "shared", "services"):
        ignored = shutil.ignore_patterns("__pycache__", "assets")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    yield folder
    shutil.rmtree(folder)


def run_setup(copy: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BASE_PYTHON, "-m", "deploy.desk.setup"],
        cwd=copy,
        env=os.environ | env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def without_network(tmp_path: Path) -> dict[str, str]:
    """All packages are in uv's cache after `make setup`; only uv itself is lent."""
    (tmp_path / "uv").symlink_to(ROOT / ".venv" / "bin" / "uv")
    (tmp_path / "python3").symlink_to(BASE_PYTHON)
    return {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "UV_OFFLINE": "1",
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_FIND_LINKS": "",
    }


@pytest.mark.timeout(300)
def test_an_empty_folder_becomes_an_environment_that_has_everything(
    copy: Path, without_network: dict[str, str]
) -> None:
    first = run_setup(copy, **without_network)
    if "not found in the cache" in first.stderr or "were disabled" in first.stderr:
        pytest.skip("uv's cache does not hold the packages")
    assert first.returncode == 0, first.stderr
    assert "Packages" in first.stderr
    imports = "import fastapi, pytest, shared, accounts_api, sequencer; print(shared.__file__)"
    python = copy / ".venv" / "bin" / "python"
    there = subprocess.run(
        [python, "-c", imports], cwd="/", capture_output=True, text=True, check=True
    )
    assert there.stdout.strip() == str(copy.resolve() / "shared" / "__init__.py")

    second = run_setup(copy, **without_network)
    assert (second.returncode, second.stderr) == (0, "")

    with (copy / "requirements.lock").open("a", encoding="utf-8") as lock:
        lock.write("# another resolution\n")
    assert "Set up in" in run_setup(copy, **without_network).stderr


def test_an_old_python_is_told_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "OLDEST_PYTHON", (4, 0))
    with pytest.raises(setup.SetupFailed, match=r"needs Python 3\.11 or newer"):
        setup.set_up()


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
"""
    settings = dict(setup._read_settings(listing))
    monkeypatch.setattr(setup, "_pip_settings", lambda: settings)
    monkeypatch.delenv("UV_INDEX_STRATEGY", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", "/own.pem")
    assert setup.uv_settings() == {
        "UV_DEFAULT_INDEX": "https://from.environment",
        "UV_INDEX": "https://one.test https://two.test",
        "UV_INSECURE_HOST": "index.test",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


@pytest.mark.parametrize("name", [*PARTS[:3], "deploy/desk/bootstrap.lock"])
def test_locks_pin_by_hash_and_name_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    for requirement in text.replace("\\\n", " ").splitlines():
        assert "==" in requirement
        assert "--hash=sha256:" in requirement

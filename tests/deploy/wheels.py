"""A folder of wheels made of what is installed here, so that installing needs no network.

Nothing is taken from a cache: what one holds differs from machine to machine.
"""

import hashlib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

# What an installer adds to a wheel's own files.
_ADDED = {"INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"}


def wheel_of(name: str, folder: Path) -> Path:
    """An installed package of pure Python, packed again."""
    installed = metadata.distribution(name)
    stem = f"{name.replace('-', '_')}-{installed.version}"
    path = folder / f"{stem}-py3-none-any.whl"
    with ZipFile(path, "w") as wheel:
        for file in installed.files or ():
            if file.name not in _ADDED and not {"..", "__pycache__"} & set(file.parts):
                wheel.write(str(file.locate()), str(file))
    return path


def lock(wheels: Iterable[Path]) -> str:
    """A lock that asks for these wheels, by their hashes."""
    lines = []
    for wheel in wheels:
        name, version, *_ = wheel.name.split("-")
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        lines.append(f"{name.replace('_', '-')}=={version} --hash=sha256:{digest}\n")
    return "".join(lines)

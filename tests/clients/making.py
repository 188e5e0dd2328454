"""The Python package, made and importable, and scripts that are run with it."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

from deploy.checks import documents
from deploy.clients import build, operations
from deploy.contract.document import merged

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def made_document() -> build.Document:
    """Of the contracts, which `make check` holds to what the code says."""
    contracts = {package: documents.contract(package) or {} for package in documents.PACKAGES}
    return operations.prepared(merged(contracts))


def make_python_package(folder: Path) -> Path:
    """Where it can be imported from."""
    package = folder / "python"
    ignored = shutil.ignore_patterns("generated", "__pycache__")
    shutil.copytree(build.PYTHON / "src", package / "src", ignore=ignored)
    build.generate_python(made_document(), package)
    return package / "src"


def blocks(page: Path, language: str) -> list[str]:
    return [body for name, body in _FENCE.findall(page.read_text("utf-8")) if name == language]


async def run_python(script: str, source: Path, gateway: str, key: str) -> str:
    """The script in a process that has our package and the standard library."""
    return await run([sys.executable, "-I", "-c", _ISOLATED, str(source), script], gateway, key)


_ISOLATED = "import sys; sys.path.insert(0, sys.argv[1]); exec(sys.argv[2], {'__name__': 'main'})"


async def run(command: list[str], gateway: str, key: str, folder: Path | None = None) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, "TENURE": gateway, "KEY": key},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), 120)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, output.decode()
    return output.decode()

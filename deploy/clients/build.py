"""`make clients`: generate, compile strictly, pack, and say how large the packages are."""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from deploy.checks import documents
from deploy.clients import operations, python_methods, python_types, typescript_methods
from deploy.contract import environment
from deploy.contract.document import merged
from deploy.dependencies import install

CLIENTS = install.ROOT / "clients"
PYTHON = CLIENTS / "python"
TYPESCRIPT = CLIENTS / "typescript"
PACKED = CLIENTS / "dist"

Document = dict[str, Any]


class BuildFailed(Exception):
    """A sentence for the person at the terminal."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="clients", description=__doc__)
    parser.add_argument(
        "--document",
        type=Path,
        help="a document to make them from, such as a workspace's; else what the code publishes",
    )
    arguments = parser.parse_args()
    try:
        tools = environment.installed()
        PACKED.mkdir(exist_ok=True)
        document = operations.prepared(_chosen(arguments.document))
        generate_python(document, PYTHON)
        build_typescript(document, tools)
        pack_python()
    except (BuildFailed, install.SetupFailed) as error:
        print(error, file=sys.stderr)
        return 1
    for path in sorted(PACKED.iterdir()):
        print(f"{path.stat().st_size / 1000:8.0f} kB  {path.relative_to(install.ROOT)}")
    return 0


def _chosen(path: Path | None) -> Document:
    if path is None:
        return merged(documents.current())
    document: Document = json.loads(path.read_text(encoding="utf-8"))
    return document


def generate_python(document: Document, package: Path) -> None:
    """Needs nothing but the document; tests use it, too."""
    folder = package / "src" / "tenure_client" / "generated"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "__init__.py").write_text("", encoding="utf-8")
    schemas = document["components"]["schemas"]
    methods = python_methods.source(operations.operations_of(document))
    (folder / "types.py").write_text(python_types.source(schemas), encoding="utf-8")
    (folder / "methods.py").write_text(methods, encoding="utf-8")


def build_typescript(document: Document, tools: environment.Tools) -> Path:
    folder = TYPESCRIPT / "src" / "generated"
    folder.mkdir(parents=True, exist_ok=True)
    schemas = document["components"]["schemas"]
    only_schemas = folder / "schemas.json"
    only_schemas.write_text(
        json.dumps({**document, "paths": {}, "webhooks": {}, "components": {"schemas": schemas}}),
        encoding="utf-8",
    )
    made = ["--default-non-nullable", "false", "--output", str(folder / "schemas.ts")]
    run([*tools.node_script("openapi-typescript"), str(only_schemas), *made], tools, TYPESCRIPT)
    only_schemas.unlink()
    methods = typescript_methods.source(operations.operations_of(document))
    names = typescript_methods.names_source(schemas)
    (folder / "methods.ts").write_text(methods, encoding="utf-8")
    (folder / "types.ts").write_text(names, encoding="utf-8")
    shutil.rmtree(TYPESCRIPT / "dist", ignore_errors=True)
    run([*tools.node_script("tsc"), "--project", "tsconfig.json"], tools, TYPESCRIPT)
    pack = ["pack", "--ignore-scripts", "--silent", "--pack-destination", str(PACKED)]
    run([str(tools.node), str(tools.npm), *pack], tools, TYPESCRIPT)
    return TYPESCRIPT / "dist"


def pack_python() -> None:
    strict = [sys.executable, "-m", "mypy", "--config-file", "", "--strict", "src"]
    run(strict, None, PYTHON)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(PACKED)]
    run(build, None, PYTHON)


def run(command: list[str], tools: environment.Tools | None, folder: Path) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env=tools.env() if tools else None,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        words = (done.stdout + done.stderr).strip()[-3000:]
        raise BuildFailed(f"This did not work: {' '.join(command)}\n{words}")


if __name__ == "__main__":
    sys.exit(main())

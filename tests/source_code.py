"""Our code as it is written: its modules, what they import and which functions they hold."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import grimp

from tests.operations import PACKAGES

ROOT = Path(__file__).resolve().parent.parent


@cache
def imports() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES.values(), "shared", include_external_packages=True)


@cache
def sources() -> Mapping[str, ast.Module]:
    """The modules of shared, deploy and the services; a package goes by its own name."""
    found = {}
    for folder in (ROOT / "shared", ROOT / "deploy", *(ROOT / "services").iterdir()):
        base = folder if folder.parent.name == "services" else ROOT
        for path in folder.rglob("*.py"):
            module = ".".join(path.relative_to(base).with_suffix("").parts)
            found[module.removesuffix(".__init__")] = ast.parse(path.read_text(encoding="utf-8"))
    return found


@cache
def packages() -> frozenset[str]:
    """Every module that others lie below."""
    return frozenset(module.rpartition(".")[0] for module in sources())


@cache
def areas() -> frozenset[str]:
    """Packages of a service, or of shared, that hold nothing but features, such as
    `accounts_api.identity` and `shared.rules`, and connectors and events, whose contract and list
    lie beside them.
    """
    tops = {*PACKAGES.values(), "shared"}
    folders = {m for m in packages() if m.count(".") == 1 and m.split(".")[0] in tops}
    plain = {m.rpartition(".")[0] for m in sources() if m not in packages()}
    return frozenset(folders - plain) | {"sync_worker.connectors", "shared.events"}


@cache
def feature(module: str) -> str | None:
    """`accounts_api.identity.members` for all that is in this feature, at any depth; None for what
    puts features together, such as `accounts_api.main` and the areas.
    """
    parts = module.split(".")
    in_area = ".".join(parts[:2]) in areas()
    depth = 3 if in_area else 2
    folder = ".".join(parts[:depth])
    ours = (in_area or parts[0] in PACKAGES.values()) and len(parts) >= depth
    ours = ours and folder in packages()
    return folder if ours else None


@cache
def feature_modules() -> tuple[str, ...]:
    return tuple(module for module in sorted(sources()) if feature(module))


def named(*names: str) -> list[str]:
    """Of the modules of features, those with one of `names` or below a folder of it."""
    return [
        module
        for module in feature_modules()
        if not {*names}.isdisjoint(module.removeprefix(f"{feature(module)}.").split("."))
    ]


@cache
def imported_names(module: str) -> frozenset[tuple[str, str]]:
    """`("sqlalchemy", "select")` for each name that `module` imports from another."""
    return frozenset(
        (node.module, alias.name)
        for node in ast.walk(sources()[module])
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    )


def is_from(package: str, module: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def router_modules() -> set[str]:
    making = {
        ("fastapi", "APIRouter"),
        ("shared.web.routing", "api_router"),
        ("accounts_api.customers.record_routes.routes", "record_router"),
    }
    return {module for module in feature_modules() if not making.isdisjoint(imported_names(module))}


def query_modules() -> set[str]:
    """Modules that write statements. SQLAlchemy writes in small letters what makes a statement or a
    part of it, and types in capitals. Tables are made with such parts too: models are left out.
    """
    return {
        module
        for module in {*feature_modules()} - {*named("models")}
        if any(
            is_from("sqlalchemy", source) and name.islower()
            for source, name in imported_names(module)
        )
    }


def functions(tree: ast.AST, within: str) -> Iterator[tuple[str, ast.AST]]:
    """Every function with its dotted name, inner ones and methods included."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{within}.{node.name}"
            if not isinstance(node, ast.ClassDef):
                yield name, node
            yield from functions(node, name)

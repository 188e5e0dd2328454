"""Short ways to define object types."""

from typing import Any

from tests.accounts_api.records.making import make, make_trait
from tests.harness import Workspace

ACCOUNT = {"to": "account"}


async def define(
    ws: Workspace, key: str = "project", links: Any = (ACCOUNT,), **more: Any
) -> dict[str, Any]:
    """An object type, by default one whose instances may belong to accounts."""
    body = {
        "key": key,
        "plural_key": f"{key}s",
        "title": key.capitalize(),
        "plural_title": f"{key.capitalize()}s",
        "links": list(links),
    }
    return await make(ws, "object-types", body | more)


async def projects(ws: Workspace) -> dict[str, Any]:
    """The type `project` of accounts, with the traits `phase`, a text, and `hours`, a number."""
    found = await define(ws)
    await make_trait(ws, "project", "phase", "string")
    await make_trait(ws, "project", "hours", "number")
    return found

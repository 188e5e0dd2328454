"""What operations, their summaries and the parameters of their paths are called: the list that
`docs/contributing/name-an-operation.md` explains.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from deploy.checks.documents import Document, operations

_VERBS: Final[Mapping[str, Collection[str]]] = {
    "GET": ("list", "get", "export", "explain", "preview", "show"),
    "PATCH": ("update",),
    "PUT": ("put", "set", "replace", "assign", "upload"),
    "DELETE": ("delete", "archive", "cancel", "clear", "dismiss"),
}
_NOT_OF_A_POST: Final = frozenset({"list", "get", "update", "edit", "change", "put", "delete"})
_SAID: Final[Mapping[str, str]] = {"put": "Create or update"}
"""How a summary begins where it does not begin with the verb itself."""
_LAST: Final = frozenset({"id", "key", "external_id", "record_id", "object_type", "token", "uid"})


def misnamed(document: Document) -> Iterator[str]:
    """Operations whose name, summary or path is not as the list has it."""
    for name, operation in operations(document).items():
        method, path = name.split(" ", 1)
        verb = operation["operationId"].partition("_")[0]
        for fault in (
            _verb_fault(method, path, verb, operation),
            _summary_fault(verb, operation.get("summary", "")),
            _path_fault(path),
        ):
            if fault:
                yield f"{name}: {operation['operationId']} {fault}"


def _verb_fault(method: str, path: str, verb: str, operation: dict[str, Any]) -> str | None:
    if method == "POST":
        creates = "201" in operation["responses"]
        if creates != (verb == "create"):
            return "creates: `create_`, with the status 201, and no other does"
        if path.endswith("/bulk") != (verb == "upsert"):
            return "writes many: `upsert_` is the verb of `/bulk`"
        return "has the verb of another method" if verb in _NOT_OF_A_POST else None
    if verb not in _VERBS[method]:
        return f"is not one of {', '.join(_VERBS[method])}, as a {method} is"
    by_external_id = "{external_id" in path
    if method == "PUT" and by_external_id != (verb == "put"):
        return "is addressed by an external id: `put_`, and no other is"
    return None


def _summary_fault(verb: str, summary: str) -> str | None:
    begins = _SAID.get(verb, verb.capitalize())
    if not f"{summary} ".startswith(f"{begins} "):
        return f"has a summary that does not begin with {begins!r}"
    return "has a summary with a full stop" if summary.endswith(".") else None


def _path_fault(path: str) -> str | None:
    segments = path.removeprefix("/").split("/")
    parameters = [part[1:-1] for part in segments if part.startswith("{")]
    if "id" in parameters[:-1]:
        return "calls a parent `{id}`: it has the name of what it is, such as `{account_id}`"
    if segments[-1].startswith("{") and parameters[-1].partition(":")[0] not in _LAST:
        return f"ends with {segments[-1]}: what a path names is `{{id}}`"
    return None

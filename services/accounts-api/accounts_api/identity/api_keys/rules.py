"""Which scopes a key can have."""

from collections.abc import Sequence

from shared.auth import GRANTS, CredentialRole, roles_granting
from shared.errors import Fault

_ALL = frozenset({"*", "*:read"})


def scope_faults(
    role: CredentialRole, scopes: Sequence[str] | None, *, read_only: bool
) -> list[Fault]:
    """Every scope that a key of this role would have in vain."""
    if role == "integration" and scopes is None:
        message = "A key of the role 'integration' may what its scopes name: name them."
        return [Fault("/scopes", "required", message)]
    faults = []
    for at, scope in enumerate(scopes or ()):
        refusal = _refusal(role, scope, read_only=read_only)
        if refusal is not None:
            code, message = refusal
            extra = {"scope": scope, "roles": [] if scope in _ALL else roles_granting(scope)}
            faults.append(Fault(f"/scopes/{at}", code, message, extra))
    return faults


def _refusal(role: CredentialRole, scope: str, *, read_only: bool) -> tuple[str, str] | None:
    if scope in _ALL:
        if role == "integration":
            return "scope_too_wide", "Name each scope of a key of the role 'integration'."
        return None
    if scope not in GRANTS[role]:
        able = " or ".join(repr(each) for each in roles_granting(scope))
        return "beyond_role", f"The role {role!r} does not grant {scope!r}; {able} does."
    if read_only and not scope.endswith(":read"):
        return "beyond_read_only", f"A read-only key cannot use {scope!r}."
    return None

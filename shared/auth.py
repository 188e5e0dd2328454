"""Who is calling, and what that caller may do."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import Annotated, Literal, get_args
from uuid import UUID

from pydantic import Field
from typing_extensions import TypeAliasType

from shared.errors import Forbidden
from shared.events.accounts import MemberRole
from shared.events.base import Cause
from shared.settings import ServiceName
from shared.value_types import literals

ROLES: tuple[MemberRole, ...] = literals(MemberRole)
CredentialRole = TypeAliasType(
    "CredentialRole",
    Annotated[
        Literal["admin", "leader", "team_member", "observer", "integration"],
        Field(
            description="The role of an API key: that of a member, or `integration` for a partner's"
            " program."
        ),
    ],
)
"""Of a key of the workspace. `integration` is no member's role: it grants nothing by itself, a key
of it has what its scopes name.
"""

RESOURCES = (
    "records",
    "object_types",
    "traits",
    "segments",
    "lifecycle",
    "metrics",
    "product_events",
    "health",
    "surveys",
    "indicators",
    "members",
    "api_keys",
    "workspace",
    "audit_log",
    "tasks",
    "notes",
    "note_templates",
    "sequences",
    "enrollments",
    "messages",
    "suppressions",
    "mailboxes",
    "connections",
    "webhooks",
    "events",
)
"""What a scope can name. A permission is `<resource>:read` or `<resource>:write`."""

_READ = frozenset(f"{resource}:read" for resource in RESOURCES)
_WRITE = frozenset(f"{resource}:write" for resource in RESOURCES)
_SECRETS = frozenset(
    {"api_keys:read", "audit_log:read", "connections:read", "mailboxes:read", "webhooks:read"}
)
_DAILY = frozenset({"records:write", "tasks:write", "notes:write", "enrollments:write"})
_LEADING = _DAILY | frozenset(
    {
        "traits:write",
        "segments:write",
        "lifecycle:write",
        "health:write",
        "surveys:write",
        "indicators:write",
        "metrics:write",
        "note_templates:write",
        "sequences:write",
        "messages:write",
        "suppressions:write",
    }
)

GRANTS: dict[CredentialRole, frozenset[str]] = {
    "admin": _READ | _WRITE,
    "leader": _READ | _LEADING,
    "team_member": (_READ - _SECRETS) | _DAILY,
    "observer": _READ - _SECRETS,
    "integration": (_READ - _SECRETS)
    | _DAILY
    | {
        "webhooks:read",
        "webhooks:write",
        "product_events:write",
        "surveys:write",
        "suppressions:write",
    },
}
"""What each role may, as data; of `integration`, what a key may be given."""


def roles_granting(permission: str) -> list[CredentialRole]:
    return [role for role, granted_to in GRANTS.items() if permission in granted_to]


SubjectType = Literal["member", "api_key"]
SUBJECT_TYPES: tuple[SubjectType, ...] = get_args(SubjectType)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a service acts for: a member, or an API key."""

    type: SubjectType
    id: UUID

    @classmethod
    def of(cls, link: Cause) -> "Subject | None":
        """None for what acts by itself, such as a service."""
        if link.type not in SUBJECT_TYPES:
            return None
        return cls(link.type, UUID(link.id))


def subject_of(cause: Iterable[Cause]) -> Subject | None:
    """Whom a chain of causes begins with: of a member and their key, the key. None for what began
    by itself.
    """
    people = takewhile(lambda link: link.type in SUBJECT_TYPES, cause)
    return next((Subject.of(link) for link in reversed(list(people))), None)


@dataclass(frozen=True, slots=True)
class Caller:
    """The authenticated principal of a request, in exactly one workspace."""

    workspace_id: UUID
    principal: Cause
    permissions: frozenset[str]
    cause: tuple[Cause, ...]
    member_id: UUID | None = None
    role: CredentialRole | None = None
    rate_limit: int | None = None
    support_contact: str | None = None
    """Whom this workspace's people ask when something is refused."""
    through: ServiceName | None = None
    """The service that speaks: for the principal, or for itself."""

    @property
    def key(self) -> str:
        """Identifies the credential for idempotency keys and rate limits."""
        return f"{self.principal.type}:{self.principal.id}"

    def must(self, permission: str) -> None:
        """Raises `Forbidden`."""
        if permission not in self.permissions:
            raise Forbidden(
                f"This needs the permission {permission!r}. {self._advice(permission)}",
                permission=permission,
                roles=roles_granting(permission),
                support_contact=self.support_contact,
            )

    def _advice(self, permission: str) -> str:
        contact = self.support_contact or "an admin of your workspace"
        if self.role is None:
            return "This service was not granted it."
        if permission in GRANTS[self.role]:
            return (
                f"Your key leaves it out by its scopes, or is read-only: ask {contact} for another."
            )
        granting = " or ".join(repr(role) for role in roles_granting(permission))
        return f"The role {self.role!r} does not grant it, {granting} does: ask {contact}."


def granted(
    role: CredentialRole, scopes: frozenset[str] | None, *, read_only: bool
) -> frozenset[str]:
    """What a credential of `role` narrowed to `scopes` may do.

    `scopes` None means everything the role grants; a scope is a permission, or `*:read`.
    """
    allowed = GRANTS[role]
    if scopes is not None and "*" not in scopes:
        permissions = set(scopes)
        if "*:read" in permissions:
            permissions |= _READ
        allowed &= permissions
    return allowed & _READ if read_only else allowed

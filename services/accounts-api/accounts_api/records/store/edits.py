"""What a request wants of one record, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ValidationError

from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.schema.rules import RecordState
from accounts_api.records.schema.trait_values import EditableBy
from shared.auth import Caller
from shared.errors import AppError, Fault

ROW_NOT_STORED: Final = "This row was not stored."
SEE_ERRORS: Final = "See `errors` for each fault."

Mode = Literal["create", "update", "upsert"]
Status = Literal["created", "updated", "unchanged", "rejected"]


@dataclass(slots=True)
class Edit:
    """One row. `id` or else `external_id` says which record; `pointer` where the row stands in the
    body, so that a fault can point at it.
    """

    pointer: str = ""
    mode: Mode = "upsert"
    id: str | None = None
    external_id: str | None = None
    version: int | None = None
    """The version the client edited, None for any."""
    values: dict[str, Any] = field(default_factory=dict)
    traits: dict[str, Any] = field(default_factory=dict)
    dropped_traits: tuple[str, ...] = ()
    """Cleared even if they have no definition any more."""
    computed: dict[str, Any] = field(default_factory=dict)
    """Values of formula traits: what no request can say."""
    parent_external_ids: dict[str, str] = field(default_factory=dict)
    """By the column that is to hold the parent's id."""
    links: list[dict[str, Any]] | None = None
    """A contact's accounts, all of them: `account_id` or `account_external_id`, `plan_roles`, which
    None leaves as they are.
    """
    adds_links: bool = False
    """The contact's other accounts stay."""
    key_roles: dict[str, list[str]] = field(default_factory=dict)
    deleted: bool = False
    restore: bool = False
    """Bring back even what a person deleted."""
    merged_into: str | None = None
    """External id of the record that this one was merged into at its source."""
    faults: tuple[Fault, ...] = ()
    """Of what was left out of it because it has not even the right shape: refused in any case."""

    @property
    def not_stored(self) -> str:
        """What its refusal says of what was stored: beside a row of many there are others."""
        return ROW_NOT_STORED if self.pointer else "Nothing was stored."


@dataclass(frozen=True, slots=True)
class Writer:
    """What the one who writes may touch. A source is a connection to another system: it is not
    held to what the workspace requires of its people, and writes fields that a connection owns.
    """

    may_edit: frozenset[EditableBy]
    is_source: bool = False
    writes_owned: bool = False

    @classmethod
    def of(cls, caller: Caller) -> "Writer":
        if caller.principal.type == "service":
            return OURSELVES
        groups: dict[str | None, frozenset[EditableBy]] = {
            "admin": frozenset({"everyone", "leaders", "admins"}),
            "leader": frozenset({"everyone", "leaders"}),
        }
        return cls(groups.get(caller.role, frozenset({"everyone"})))


OURSELVES = Writer(
    frozenset({"everyone", "leaders", "admins", "source"}), is_source=True, writes_owned=True
)
"""Our own services and handlers, and the connections that speak through them."""
RULES = replace(OURSELVES, writes_owned=False)
"""What the workspace has configured to happen by itself."""


@dataclass(slots=True)
class Outcome:
    status: Status
    id: str | None = None
    external_id: str | None = None
    version: int | None = None
    record: RecordState | None = None
    error: AppError | None = None

    @property
    def faults(self) -> Sequence[Fault]:
        return self.error.faults if self.error else ()


_NOT_VALUES = frozenset(
    {
        "id",
        "external_id",
        "traits",
        "accounts",
        "key_roles",
        "deleted",
        "restore",
        "merged_into_external_id",
    }
)


def edit_of(
    schema: RecordSchema,
    body: BaseModel,
    *,
    pointer: str = "",
    mode: Mode = "upsert",
    record_id: UUID | None = None,
    version: int | None = None,
) -> Edit:
    """An edit from a request body: what the client left out is left alone."""
    given = {name: getattr(body, name) for name in body.model_fields_set}
    by_parent = {parent.by_external_id: parent.column for parent in schema.parents}
    links = given.get("accounts")
    edit = Edit(
        pointer=pointer,
        mode=mode,
        id=str(record_id or given.get("id") or "") or None,
        external_id=given.get("external_id"),
        version=version,
        values={
            name: _plain(value)
            for name, value in given.items()
            if name not in _NOT_VALUES and name not in by_parent
        },
        traits=given.get("traits") or {},
        parent_external_ids={
            column: given[name] for name, column in by_parent.items() if given.get(name)
        },
        links=None if links is None else [_link(link) for link in links],
        key_roles={
            key: [str(holder) for holder in holders or ()]
            for key, holders in (given.get("key_roles") or {}).items()
        },
        deleted=bool(given.get("deleted")),
        restore=bool(given.get("restore")),
        merged_into=given.get("merged_into_external_id"),
    )
    if edit.id and "external_id" in given:
        edit.values["external_id"] = given["external_id"]
    return edit


def salvaged(shape: type[BaseModel], given: Any, faults: Sequence[Fault]) -> BaseModel | None:
    """A body without those of its members that have a fault, so that the others can be looked at,
    too. None when nothing can be made of it.
    """
    at_fault = {fault.pointer.split("/")[1] for fault in faults if fault.pointer}
    if not isinstance(given, dict) or not all(fault.pointer for fault in faults):
        return None
    kept = {name: value for name, value in given.items() if escaped(name) not in at_fault}
    try:
        return shape.model_validate(kept)
    except ValidationError:
        return None


def escaped(part: str) -> str:
    """As a part of a JSON pointer."""
    return part.replace("~", "~0").replace("/", "~1")


def _plain(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _link(link: BaseModel) -> dict[str, Any]:
    return {name: _plain(value) for name, value in link.model_dump().items()}


def snapshot(schema: RecordSchema, state: Mapping[str, Any]) -> dict[str, Any]:
    """The record as others see it."""
    shown = {name: state[name] for name in ("id", "external_id", *schema.visible, "traits")}
    if schema.related == "key_roles":
        shown["key_roles"] = state.get("key_roles") or {}
    if schema.related == "accounts":
        shown["accounts"] = state.get("accounts") or []
    return shown

"""What a request wants of one record, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal

from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.schema.rules import RecordState
from shared.auth import Caller
from shared.bulk import WriteStatus
from shared.errors import AppError, Fault
from shared.traits.definitions import EditableBy
from shared.traits.patches import EVERY_EDITOR, editable_by

ROW_NOT_STORED: Final = "This row was not stored."
SEE_ERRORS: Final = "See `errors` for each fault."

Mode = Literal["create", "update", "upsert"]


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
    forced_traits: dict[str, Any] = field(default_factory=dict)
    """Set, or cleared by None, whatever their definitions say to it, if they have any."""
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
    names_former: bool = False
    """Holders of key roles may have been deactivated since: it is told of a time before."""
    effective_at: datetime | None = None
    """Since when it holds, in workspace time; None from now on."""
    allows_implausible: bool = False
    """Who writes it knows that it says what cannot be so."""
    overrides: bool = False
    """Holds over what its fields are known to have become later, too."""
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
        return cls(editable_by(caller))


OURSELVES = Writer(EVERY_EDITOR, is_source=True, writes_owned=True)
"""Our own services and handlers, and the connections that speak through them."""
RULES = replace(OURSELVES, writes_owned=False)
"""What the workspace has configured to happen by itself."""


@dataclass(slots=True)
class Outcome:
    status: WriteStatus
    id: str | None = None
    external_id: str | None = None
    version: int | None = None
    record: RecordState | None = None
    error: AppError | None = None

    @property
    def faults(self) -> Sequence[Fault]:
        return self.error.faults if self.error else ()


def escaped(part: str) -> str:
    """As a part of a JSON pointer."""
    return part.replace("~", "~0").replace("/", "~1")


def snapshot(schema: RecordSchema, state: Mapping[str, Any]) -> dict[str, Any]:
    """The record as others see it."""
    shown = {name: state[name] for name in ("id", "external_id", *schema.visible, "traits")}
    if schema.related == "key_roles":
        shown["key_roles"] = state.get("key_roles") or {}
    if schema.related == "accounts":
        shown["accounts"] = state.get("accounts") or []
    return shown

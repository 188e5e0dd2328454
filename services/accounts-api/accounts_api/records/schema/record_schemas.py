"""What each type of customer record is made of: the one description that reads and writes share.

Four schemas are the same for everyone. The others are object types that a workspace defines itself:
all of them live in one table, and `schema_of` makes their schemas from the definitions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel

from accounts_api.records.schema.rules import RecordState, derive_contact_fields, derive_nothing
from shared.events import accounts as events
from shared.events import records
from shared.events.records import RecordType
from shared.value_types import literals

SqlType = Literal["text", "bigint", "boolean", "date", "timestamptz", "uuid"]
Related = Literal["key_roles", "accounts"]
"""What belongs to a record but lives in a table of its own."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: SqlType = "text"
    required: bool = False
    """Never null, in any record."""
    default: Any = None
    computed: bool = False
    """Worked out or set by Tenure alone: no client can write it."""
    hidden: bool = False
    """Kept for our own look-ups; not part of the record that others see."""


@dataclass(frozen=True)
class Parent:
    """A column that holds the id of a record of another type."""

    column: str
    record_type: RecordType
    owns: bool = True
    """Whether the record leaves with it, once it is the last that the record belongs to."""

    @property
    def by_external_id(self) -> str:
        return f"{self.record_type}_external_id"


@dataclass(frozen=True, eq=False)
class RecordSchema:
    """There is one of each, compared by identity: statements are cached by it."""

    record_type: str
    """Its record type: one of the four, or the key of an object type."""
    plural: str
    columns: tuple[Column, ...]
    event: type[events.RecordChanged]
    record: type[BaseModel]
    parents: tuple[Parent, ...] = ()
    related: Related | None = None
    derive: Callable[[Mapping[str, Any] | None, RecordState], None] = derive_nothing
    """(before, after): sets what follows from the record's other fields."""
    type_id: UUID | None = None
    """Of an object type: which rows of the table that all types share are its own."""
    event_fields: Mapping[str, Any] = field(default_factory=dict)
    """What its events say beside the record."""

    @property
    def table(self) -> str:
        return self.plural if self.type_id is None else OBJECT.plural

    @property
    def shares_table(self) -> bool:
        return self.table == OBJECT.plural

    @property
    def own_rows(self) -> str:
        """Which rows of its table are its own, as SQL to follow another condition."""
        return " and object_type_id = :object_type_id" if self.shares_table else ""

    @property
    def path(self) -> str:
        """Below /v1."""
        return self.plural if self.type_id is None else f"{OBJECT.plural}/{self.record_type}"

    @property
    def statements(self) -> "RecordSchema":
        """The schema whose statements serve this one: those of all object types read the same."""
        return self if self.type_id is None else OBJECT

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that an external id is unique among."""
        own = ("object_type_id",) if self.shares_table else ()
        return ("workspace_id", *own, "external_id")

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        """What statements are told beside the workspace."""
        return {} if self.type_id is None else {"object_type_id": self.type_id}

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}

    @cached_property
    def computed(self) -> frozenset[str]:
        return frozenset(column.name for column in self.columns if column.computed)

    @cached_property
    def instants(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.type == "timestamptz")

    @cached_property
    def writable(self) -> frozenset[str]:
        return frozenset({"external_id", "source", *self.visible})

    @cached_property
    def visible(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if not column.hidden)


_SEARCH: Final = Column("search_text", hidden=True)

ORGANIZATION: Final = RecordSchema(
    "organization",
    "organizations",
    (Column("name", required=True), Column("domain"), _SEARCH),
    events.OrganizationChanged,
    records.OrganizationRecord,
)
ACCOUNT: Final = RecordSchema(
    "account",
    "accounts",
    (
        Column("organization_id", "uuid"),
        Column("name", required=True),
        Column("domain"),
        Column("arr", "bigint"),
        Column("currency"),
        Column("lifecycle_status", required=True, default="subscribed", computed=True),
        Column("lifecycle_status_since", "timestamptz", computed=True),
        Column("time_zone"),
        Column("country"),
        _SEARCH,
    ),
    events.AccountChanged,
    records.AccountRecord,
    parents=(Parent("organization_id", "organization", owns=False),),
    related="key_roles",
)
CONTACT: Final = RecordSchema(
    "contact",
    "contacts",
    (
        Column("name", required=True),
        Column("first_name"),
        Column("last_name"),
        Column("email"),
        Column("email_key", hidden=True),
        Column("phone"),
        Column("title"),
        Column("time_zone"),
        Column("email_status", required=True, default="ok", computed=True),
        Column("deactivated_at", "timestamptz"),
        _SEARCH,
    ),
    events.ContactChanged,
    records.ContactRecord,
    related="accounts",
    derive=derive_contact_fields,
)
OPPORTUNITY: Final = RecordSchema(
    "opportunity",
    "opportunities",
    (
        Column("account_id", "uuid"),
        Column("name", required=True),
        Column("type", required=True),
        Column("stage"),
        Column("is_closed", "boolean", required=True, default=False),
        Column("is_won", "boolean", required=True, default=False),
        Column("close_date", "date"),
        Column("contract_start", "date"),
        Column("contract_expiration", "date"),
        Column("arr", "bigint"),
        Column("currency"),
        Column("deal_room_url"),
        Column("manually_enter_renewal_sequence", "boolean", required=True, default=False),
        Column("renewal_sequence_status", computed=True),
        Column("renewal_sequence_status_at", "timestamptz", computed=True),
        _SEARCH,
    ),
    events.OpportunityChanged,
    records.OpportunityRecord,
    parents=(Parent("account_id", "account"),),
)

RECORD_SCHEMAS: Final[Mapping[str, RecordSchema]] = {
    schema.record_type: schema for schema in (ORGANIZATION, ACCOUNT, CONTACT, OPPORTUNITY)
}

_BELONGS_TO: Final = tuple(
    Parent(f"{record_type}_id", record_type) for record_type in literals(RecordType)
)
OBJECT: Final = RecordSchema(
    "object",
    "objects",
    (
        Column("object_type_id", "uuid", required=True, hidden=True),
        *(Column(parent.column, "uuid") for parent in _BELONGS_TO),
        Column("name", required=True),
        _SEARCH,
    ),
    events.ObjectChanged,
    records.ObjectRecord,
    parents=_BELONGS_TO,
)
"""What the schemas of object types have in common; no record is of this type itself."""


@dataclass(frozen=True, slots=True)
class ObjectLink:
    """Instances may belong to one record of `to`, which knows them by the name `reverse`."""

    to: RecordType
    reverse: str


@dataclass(frozen=True, slots=True)
class ObjectType:
    """What an object type's definition says about its instances. `id` is unique everywhere."""

    id: UUID
    key: str
    plural_key: str
    links: tuple[ObjectLink, ...]
    archived: bool = False
    deleted: bool = False


@lru_cache(maxsize=1024)
def schema_of(defined: ObjectType) -> RecordSchema:
    """One schema for the same definition, so that what is cached by it serves again."""
    linked = {link.to for link in defined.links}
    parents = tuple(parent for parent in _BELONGS_TO if parent.record_type in linked)
    unlinked = {parent.column for parent in _BELONGS_TO if parent.record_type not in linked}
    columns = tuple(
        replace(
            column,
            hidden=column.hidden or column.name in unlinked,
            default=str(defined.id) if column.name == "object_type_id" else column.default,
        )
        for column in OBJECT.columns
    )
    return replace(
        OBJECT,
        record_type=defined.key,
        plural=defined.plural_key,
        columns=columns,
        parents=parents,
        type_id=defined.id,
        event_fields={"object_type": defined.key, "object_type_id": defined.id},
    )

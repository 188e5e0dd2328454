"""What a rule may see: record types, their fields and traits, and how records are related."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, TypeVar
from uuid import UUID

N = TypeVar("N", "Field", "Relation")


class FieldType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    CURRENCY = "currency"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    SELECT = "select"
    MULTI_SELECT = "multi_select"
    ID = "id"


@dataclass(frozen=True, slots=True)
class Side:
    """A row beside the record, at most one, in a table that its service keeps: a result, of which
    the record's own history says nothing.
    """

    table: str
    value: str
    """The column that holds the field's value."""
    record: str = "record_id"
    owner: tuple[str, UUID] | None = None
    """Column and value of one definition's rows, in a table that holds those of others, too."""
    otherwise: int | None = None
    """The value of a record without a row."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the record's table, a key of its `traits`, a column of the link to it, or of a
    row beside it.
    """

    name: str
    type: FieldType
    column: str = ""
    trait: str | None = None
    options: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    currency: str | None = None
    """The currency every value has."""
    currency_column: str | None = None
    """The column that says each value's currency."""
    on_link: bool = False
    ranked: bool = False
    """Its options stand in their order, and a list is sorted by that instead of by their names."""
    one_form: Callable[[str], str] | None = None
    """How its values are written, whoever wrote them; raises ValueError for what is none."""
    side: Side | None = None

    @property
    def source(self) -> str:
        return self.column or self.name

    @property
    def of_record(self) -> bool:
        """Whether it is a column of the record's own table."""
        return self.trait is None and self.side is None and not self.on_link

    @property
    def group(self) -> str:
        """The first of several names: `health` of `health.adoption.score`."""
        return self.name.partition(".")[0]


def event_property(key: str, type_: FieldType) -> Field:
    return Field(f"properties.{key}", type_, trait=key)


def trait(key: str, type_: FieldType, options: Iterable[str] = (), currency: str = "") -> Field:
    return Field(
        f"traits.{key}", type_, trait=key, options=tuple(options), currency=currency or None
    )


@dataclass(frozen=True, slots=True)
class Parent:
    """This record holds the other's id."""

    column: str


@dataclass(frozen=True, slots=True)
class Children:
    """The others hold this record's id."""

    column: str


@dataclass(frozen=True, slots=True)
class Link:
    """A table of pairs holds both ids."""

    table: str
    here: str
    there: str


@dataclass(frozen=True, slots=True)
class Relation:
    name: str
    target: str
    join: Parent | Children | Link
    aliases: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    """Fields of the link, seen beside the other record's own."""


@dataclass(frozen=True, slots=True)
class Memberships:
    """Which sets a record is in: one row for each stay."""

    table: str
    set: str
    record: str = "record_id"
    left_at: str = "left_at"


@dataclass(frozen=True, slots=True)
class Holdings:
    """Who holds which role on a record, and from when to when."""

    table: str
    record: str
    role: str
    member: str = "member_id"
    valid_from: str = "valid_from"
    valid_to: str = "valid_to"


@dataclass(frozen=True, slots=True)
class Changes:
    """When which field of a record changed."""

    table: str
    record_type: str = "record_type"
    record: str = "record_id"
    field: str = "field"
    at: str = "valid_from"


NOBODY: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class EventDays:
    """Daily roll-ups of product events: one row a record, event name and local day."""

    table: str
    record: str
    name: str = "name"
    day: str = "day"
    count: str = "count"
    values: str | None = None
    """The roll-ups by declared properties, too, of the events that have some."""
    properties: str = "properties"
    contact: str | None = None
    """Who did it, where the record is not the contact itself; NOBODY: it is not known."""
    declared: Mapping[str, tuple["Field", ...]] = field(default_factory=dict, compare=False)
    """By event name, its declared properties as fields."""


@dataclass(frozen=True, slots=True, eq=False)
class RecordType:
    """What a rule may ask of one record: its fields, what is related to it, and of what lies beside
    it that which its service keeps.
    """

    name: str
    table: str
    fields: tuple[Field, ...]
    relations: tuple[Relation, ...] = ()
    memberships: Memberships | None = None
    holdings: Holdings | None = None
    changes: Changes | None = None
    events: EventDays | None = None
    traits: str = "traits"
    """The column that holds the fields that are traits."""
    only: tuple[str, UUID] | None = None
    """Column and value of its rows, in a table that holds other record types, too."""
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """By the name of a record that is found by itself, the field here that holds its id."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The names usable at one place of a rule: a record type's, and those of the link followed."""

    type: RecordType
    fields: Mapping[str, Field]
    relations: Mapping[str, Relation]

    @property
    def groups(self) -> frozenset[str]:
        """First names of fields that have several; traits and properties, though there be none."""
        return frozenset({"traits", "properties", *(field.group for field in self.fields.values())})


@dataclass(frozen=True, slots=True, eq=False)
class Catalog:
    types: Mapping[str, RecordType]
    segments: Mapping[str, str] | None = None
    """Record type by segment id; None when ids need not be checked."""
    key_roles: frozenset[str] | None = None
    segment_ids: Mapping[str, str] = field(default_factory=dict)
    """By the key of a segment, one that it had before too."""
    _scopes: dict[tuple[str, str], Scope] = field(default_factory=dict, compare=False, repr=False)

    def scope(self, type_name: str, via: Relation | None = None) -> Scope:
        key = (type_name, f"{via.name}>{via.fields}" if via else "")
        if key not in self._scopes:
            type_ = self.types[type_name]
            fields = (*type_.fields, *(via.fields if via else ()))
            self._scopes[key] = Scope(type_, _by_name(fields), _by_name(type_.relations))
        return self._scopes[key]

    def leads(self, type_name: str, path: Iterable[str]) -> bool:
        """Whether these relations follow each other here."""
        for name in path:
            relation = self.scope(type_name).relations.get(name)
            if relation is None:
                return False
            type_name = relation.target
        return True

    def with_fields(self, fields: Mapping[str, Iterable[Field]]) -> "Catalog":
        """This catalog with a workspace's own fields, by name of the record type."""
        types = {
            name: replace(type_, fields=(*type_.fields, *fields.get(name, ())))
            for name, type_ in self.types.items()
        }
        return Catalog(types, self.segments, self.key_roles, self.segment_ids)

    def with_event_properties(self, declared: Mapping[str, Iterable[Field]]) -> "Catalog":
        """This catalog with the workspace's declared properties, by name of the event."""
        known = {event: tuple(fields) for event, fields in declared.items()}
        types = {
            name: replace(type_, events=replace(type_.events, declared=known))
            if type_.events
            else type_
            for name, type_ in self.types.items()
        }
        return Catalog(types, self.segments, self.key_roles, self.segment_ids)

    def with_types(
        self, types: Iterable[RecordType], relations: Mapping[str, Iterable[Relation]]
    ) -> "Catalog":
        """This catalog with more record types, and with the relations that lead to them."""
        known = {
            name: replace(type_, relations=(*type_.relations, *relations.get(name, ())))
            for name, type_ in self.types.items()
        }
        found = {**known, **{type_.name: type_ for type_ in types}}
        return Catalog(found, self.segments, self.key_roles, self.segment_ids)

    def with_names(
        self,
        segments: Mapping[str, str] | None,
        key_roles: Iterable[str] | None,
        segment_ids: Mapping[str, str] | None = None,
    ) -> "Catalog":
        """This catalog, refusing segments and key roles the workspace does not have, and knowing
        segments by their keys.
        """
        roles = None if key_roles is None else frozenset(key_roles)
        return Catalog(self.types, segments, roles, segment_ids or {})


def _by_name(things: Iterable[N]) -> dict[str, N]:
    known: dict[str, N] = {}
    for thing in things:
        known[thing.name] = thing
        for alias in thing.aliases:
            known.setdefault(alias, thing)
    return known

"""What a list shows and in which order, from the words of a request."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from accounts_api.records.schema.record_schemas import RecordSchema
from shared.errors import Fault, Invalid
from shared.lists import order
from shared.lists.order import SortKey, unknown_field
from shared.rules.types.catalog import Catalog, Field, FieldType

OWN_GROUPS: Final = ("traits", "metrics", "health", "indicators")
"""First names of fields that a workspace has by what it defined."""
IDENTITY_FIELDS: Final = ("id", "external_id", "source")
STAMP_FIELDS: Final = ("version", "computed_version", "created_at", "updated_at")
_LONG: Final = frozenset({"deal_room_url"})


@dataclass(frozen=True, slots=True)
class Projection:
    """Columns in the order they are written; `traits` None shows them all, () none. Fields that
    stand beside the record are written within their groups.
    """

    columns: tuple[str, ...]
    traits: tuple[str, ...] | None
    beside: tuple[Field, ...] = ()

    @property
    def with_traits(self) -> bool:
        return self.traits is None or bool(self.traits)

    @property
    def groups(self) -> Mapping[str, Sequence[Field]]:
        """What stands beside the record, by the name under which it is written."""
        found: dict[str, list[Field]] = defaultdict(list)
        for field in self.beside:
            found[field.group].append(field)
        return found


def all_fields(schema: RecordSchema) -> Projection:
    return Projection((*IDENTITY_FIELDS, *schema.visible, *STAMP_FIELDS), None)


def names_own(fields: Sequence[str] | None) -> bool:
    """Whether fields are named that not every workspace has."""
    return any("." in name for name in fields or ())


def projection(
    schema: RecordSchema,
    fields: Sequence[str] | None,
    pointer: str,
    known_fields: Mapping[str, Field] = MappingProxyType({}),
    *,
    any_trait: bool = False,
) -> Projection:
    """Raises `Invalid` naming every field that is none. Of the past `any_trait` may have been."""
    if fields is None:
        return all_fields(schema)
    known = (*IDENTITY_FIELDS, *schema.visible, *STAMP_FIELDS)
    own = {name: f for name, f in known_fields.items() if f.trait is not None or f.side is not None}
    wrong = [
        name
        for name in fields
        if name not in {*known, *own, "traits"} and not (any_trait and name.startswith("traits."))
    ]
    if wrong:
        may_be = (*known, *own)
        raise Invalid(
            faults=[unknown_field(schema.plural, name, may_be, pointer) for name in wrong]
        )
    traits = tuple(
        dict.fromkeys(n.removeprefix("traits.") for n in fields if n.startswith("traits."))
    )
    columns = tuple(name for name in known if name in {"id", *fields})
    beside = {name: own[name] for name in fields if name in own and own[name].side is not None}
    return Projection(columns, None if "traits" in fields else traits, tuple(beside.values()))


def sort_keys(
    schema: RecordSchema, sort: str | None, catalog: Catalog, pointer: str
) -> tuple[SortKey, ...]:
    """Raises `Invalid`."""

    def key_of(field: Field, descending: bool) -> SortKey:  # noqa: FBT001
        long = field.type is FieldType.TEXT and (field.trait is not None or field.name in _LONG)
        return SortKey(field, descending, _nullable(schema, field), long)

    fields = catalog.scope(schema.record_type).fields
    return order.sort_keys(fields, sort, pointer, schema.plural, key_of)


def _nullable(schema: RecordSchema, field: Field) -> bool:
    if field.trait is not None or field.side is not None:
        return True
    column = schema.by_name.get(field.source)
    return field.name == "external_id" or (column is not None and not column.required)


def included(include: Iterable[str], known: Sequence[str], pointer: str) -> frozenset[str]:
    """Raises `Invalid`."""
    wanted = frozenset(include)
    unknown = sorted(wanted - set(known))
    if unknown:
        raise Invalid(
            faults=[
                Fault(pointer, "unknown_include", f"{name!r} cannot be put in: {', '.join(known)}.")
                for name in unknown
            ]
        )
    return wanted

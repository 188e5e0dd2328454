"""What a list shows and in which order, from the words of a request."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from accounts_api.records.schema.record_schemas import RecordSchema
from shared.errors import Fault, Invalid
from shared.lists import order
from shared.lists.order import SortKey, unknown_field
from shared.rules.types.catalog import Catalog, Field, FieldType
from shared.rules.types.typed import FieldTest, Rule, walk

IDENTITY_FIELDS: Final = ("id", "external_id", "source")
STAMP_FIELDS: Final = ("version", "computed_version", "created_at", "updated_at")
_LONG: Final = frozenset({"deal_room_url"})


@dataclass(frozen=True, slots=True)
class Projection:
    """Columns in the order they are written; `traits` None shows them all, () none."""

    columns: tuple[str, ...]
    traits: tuple[str, ...] | None

    @property
    def with_traits(self) -> bool:
        return self.traits is None or bool(self.traits)


def all_fields(schema: RecordSchema) -> Projection:
    return Projection((*IDENTITY_FIELDS, *schema.visible, *STAMP_FIELDS), None)


def names_traits(fields: Sequence[str] | None) -> bool:
    return any(name.startswith("traits.") for name in fields or ())


def projection(
    schema: RecordSchema,
    fields: Sequence[str] | None,
    pointer: str,
    traits_there: Collection[str] | None = None,
) -> Projection:
    """Raises `Invalid` naming every field that is none. `traits_there` are named as `traits.tier`;
    None, when any may have been.
    """
    if fields is None:
        return all_fields(schema)
    known = (*IDENTITY_FIELDS, *schema.visible, *STAMP_FIELDS)
    wrong = [
        name
        for name in fields
        if name not in known
        and name != "traits"
        and not (name.startswith("traits.") and (traits_there is None or name in traits_there))
    ]
    if wrong:
        may_be = (*known, *(traits_there or ()))
        raise Invalid(
            faults=[unknown_field(schema.plural, name, may_be, pointer) for name in wrong]
        )
    traits = tuple(
        dict.fromkeys(n.removeprefix("traits.") for n in fields if n.startswith("traits."))
    )
    columns = tuple(name for name in known if name in {"id", *fields})
    return Projection(columns, None if "traits" in fields else traits)


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
    if field.trait is not None:
        return True
    column = schema.by_name.get(field.source)
    return field.name == "external_id" or (column is not None and not column.required)


_OF_NOW: Final = frozenset({"updated_at"})
"""What history does not keep: how it stands now says nothing of the past."""


def refuse_order_of_now(keys: Iterable[SortKey], pointer: str) -> None:
    """Raises `Invalid` for an order of the past by something that is only known of now."""
    _refuse_now({key.field.name for key in keys} & _OF_NOW, pointer)


def refuse_rule_of_now(rule: Rule | None, words: str | None, at: str) -> None:
    """Raises `Invalid` for a rule that cannot be asked about the past, and for any words."""
    if words is not None:
        _refuse_now({"what words find"}, f"{at}/query")
    nodes = walk(rule.root) if rule else ()
    tested = {node.field.name for node in nodes if isinstance(node, FieldTest)}
    _refuse_now(tested & _OF_NOW, f"{at}/filter")


def _refuse_now(names: Iterable[str], pointer: str) -> None:
    faults = [
        Fault(pointer, "not_of_the_past", f"{name} is known of the present alone.")
        for name in sorted(names)
    ]
    if faults:
        raise Invalid(faults=faults)


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

"""What a rule may ask of a product event, and whose events it means."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from accounts_api.signals.product_events.rules import OWNER_COLUMNS
from shared.rules.types import typed as c
from shared.rules.types.catalog import Field, FieldType, RecordType

PRODUCT_EVENT: Final = RecordType(
    "product_event",
    "product_events",
    (
        Field("id", FieldType.ID),
        Field("message_id", FieldType.TEXT),
        Field("name", FieldType.TEXT),
        Field("user_id", FieldType.TEXT),
        Field("anonymous_id", FieldType.TEXT),
        Field("group_id", FieldType.TEXT),
        Field("email", FieldType.TEXT),
        Field("contact_id", FieldType.ID),
        Field("account_id", FieldType.ID),
        Field("happened_at", FieldType.DATETIME),
        Field("received_at", FieldType.DATETIME),
    ),
    traits="counted_properties",
    elsewhere=OWNER_COLUMNS,
)
_OWNERS: Final = frozenset(OWNER_COLUMNS.values())


def with_properties(declared: Iterable[Field]) -> RecordType:
    """A product event with the declared properties of whatever events have them."""
    own = {field.name: field for field in declared}
    return replace(PRODUCT_EVENT, fields=(*PRODUCT_EVENT.fields, *own.values()))


def named_owners(node: c.Checked) -> set[UUID]:
    """The accounts and contacts whose events a rule speaks of."""
    return {
        UUID(str(value))
        for each in c.walk(node)
        if isinstance(each, c.FieldTest) and each.field.name in _OWNERS
        if isinstance(each.test, c.Equals)
        for value in each.test.values
    }


def with_merged(node: c.Checked, same: Mapping[UUID, Sequence[UUID]]) -> c.Checked:
    """The condition, which means by a record those that were merged with it, too: an event keeps
    the record that it was given to.
    """
    match node:
        case c.And(items) | c.Or(items):
            return replace(node, items=tuple(with_merged(item, same) for item in items))
        case c.Not(item):
            return replace(node, item=with_merged(item, same))
        case c.FieldTest(field=field, test=c.Equals() as test) if field.name in _OWNERS:
            records = [str(one) for value in test.values for one in same[UUID(str(value))]]
            return replace(node, test=replace(test, values=tuple(records)))
        case _:
            return node

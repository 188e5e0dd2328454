"""Whether the names of an object type can be told from those that are there already."""

from collections.abc import Sequence
from typing import Final

from accounts_api.language.rules.standard import STANDARD
from accounts_api.records.schema.record_schemas import OBJECT, RECORD_SCHEMAS, ObjectLink
from shared.errors import Fault
from shared.rules.syntax.parser import RESERVED

_NOUNS: Final = frozenset(
    {"member", "members", "key_role_holding", "key_role_holdings", "note", "notes"}
    | {"task", "tasks", OBJECT.record_type, OBJECT.plural}
    | {name for schema in RECORD_SCHEMAS.values() for name in (schema.record_type, schema.plural)}
)
_INCLUDED: Final = frozenset(
    {"health", "indicators", "key_roles", "metrics", "segments", "surveys", "touches", "traits"}
)
"""What lists put in beside records under these names."""


def key_faults(key: str, plural_key: str) -> list[Fault]:
    return [
        Fault(f"/{name}", "reserved", f"{value!r} has a meaning already.")
        for name, value in (("key", key), ("plural_key", plural_key))
        if value in _NOUNS | RESERVED
    ]


def link_faults(links: Sequence[ObjectLink]) -> list[Fault]:
    faults = []
    for place, link in enumerate(links):
        if link.to in {other.to for other in links[:place]}:
            message = f"An instance belongs to one {link.to}."
            faults.append(Fault(f"/links/{place}/to", "taken", message))
        scope = STANDARD.scope(link.to)
        if link.reverse in {*scope.fields, *scope.relations, *RESERVED, *_INCLUDED}:
            message = f"{link.reverse!r} means something else for an {link.to}."
            faults.append(Fault(f"/links/{place}/reverse", "reserved", message))
    return faults

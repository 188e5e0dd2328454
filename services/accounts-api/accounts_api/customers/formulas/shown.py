"""What time has made of formulas, in what is read: now or then."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Any, Final
from zlib import crc32

from pydantic_core import from_json, to_json

from accounts_api.customers.formulas import moving
from accounts_api.records.history.as_of import NOTHING_MOVED, MovedTypes, PointInTime
from accounts_api.records.schema import record_catalog
from accounts_api.records.schema.record_schemas import RecordSchema
from shared.uow import UnitOfWork

MAY_MOVE: Final = "_may_move"
"""A column of rows: whether the workspace has any formula that time may move."""
ListRow = Mapping[str, object]


async def moved_types(
    uow: UnitOfWork,
    read: AbstractSet[tuple[str, str]],
    point: PointInTime | None = None,
    only: Mapping[str, Sequence[str]] = MappingProxyType({}),
    shown: AbstractSet[tuple[str, str]] = frozenset(),
) -> MovedTypes:
    """Those of which something is read that time may move. It is worked out for every record of
    their type, or `only` those with these ids. A formula that a rule of the workspace looks at is
    kept up to date, and of now it is as it is stored; what is `shown` is not, for workers may be
    late.
    """
    if not any(what.startswith("traits.") for _, what in read):
        return NOTHING_MOVED
    found = {
        (one.trait.record_type, f"traits.{one.trait.key}")
        for one in await moving.moving_formulas(uow)
    }
    if point is None:
        found = await moving.not_looked_at(uow, found) | (found & shown)
    values: dict[str, dict[str, Any]] = {}
    for name in sorted({record_type for record_type, _ in found & read}):
        of_type = await record_catalog.find_schema(uow, name)
        if of_type is not None:
            known = values.setdefault(of_type.statements.record_type, {})
            known |= await moving.values_at(uow, of_type, only.get(name), point)
    parameters = {f"moved_{name}": to_json(known).decode() for name, known in values.items()}
    return MovedTypes(frozenset(values), parameters)


async def with_moved(
    uow: UnitOfWork,
    schema: RecordSchema,
    rows: Sequence[ListRow],
    shown: Sequence[str] | None,
    point: PointInTime | None,
) -> Sequence[ListRow]:
    """Rows that have `traits`, of which only `shown` if there are any, with what time has made of
    their formulas.
    """
    if not rows or not rows[0].get(MAY_MOVE):
        return rows
    moved = await moving.values_at(uow, schema, [str(row["_id"]) for row in rows], point)
    return [
        {**row, "traits": with_values(str(row["traits"]), moved.get(str(row["_id"]), {}), shown)}
        for row in rows
    ]


async def with_moved_related(
    uow: UnitOfWork, record_type: str, related: Mapping[str, str], point: PointInTime | None
) -> dict[str, str]:
    """JSON arrays of records of one type, which have `id` and `traits`."""
    records = {id_: from_json(text) for id_, text in related.items()}
    ids = sorted({str(record["id"]) for few in records.values() for record in few})
    of_type = await record_catalog.find_schema(uow, record_type) if ids else None
    moved = await moving.values_at(uow, of_type, ids, point) if of_type is not None else {}
    for record in (record for few in records.values() for record in few if moved):
        traits = {**record["traits"], **moved.get(record["id"], {})}
        record["traits"] = {key: value for key, value in traits.items() if value is not None}
    return {id_: to_json(few).decode() for id_, few in records.items()} if moved else dict(related)


def with_values(traits: str, moved: Mapping[str, Any], shown: Sequence[str] | None) -> str:
    """Traits as JSON; `shown` None are all."""
    values = {key: value for key, value in moved.items() if shown is None or key in shown}
    if not values:
        return traits
    values = {**from_json(traits), **values}
    return to_json({key: value for key, value in values.items() if value is not None}).decode()


def moment(moved: Mapping[str, Any]) -> str:
    """Tells the values apart from others, in an ETag."""
    return f"{crc32(to_json(moved)):08x}" if moved else ""

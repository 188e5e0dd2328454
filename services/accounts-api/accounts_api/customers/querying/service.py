"""Finding records: one by its id, lists by rule, order and words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from accounts_api.customers.formulas.moving import values_at
from accounts_api.customers.formulas.shown import moment, moved_types, with_moved, with_values
from accounts_api.customers.querying import includes, past_pages, queries
from accounts_api.customers.querying.includes import Included, available, load_include
from accounts_api.customers.querying.list_request import (
    ListRequest,
    catalog_of,
    conditions_of,
    point_in_time,
    rule_of,
)
from accounts_api.customers.querying.of_the_past import refuse_fields_of_now
from accounts_api.customers.querying.queries import Conditions, ListRow, id_of
from accounts_api.customers.querying.rules import (
    Projection,
    included,
    names_own,
    projection,
    sort_keys,
)
from accounts_api.language.rules.reads import reads_of
from accounts_api.records.history.as_of import PointInTime
from accounts_api.records.history.service import must_have_come
from accounts_api.records.schema import record_catalog
from accounts_api.records.schema.errors import RecordDeleted, RecordNotFound
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.schema.rules import merged
from accounts_api.records.store.service import living
from shared.errors import BadRequest
from shared.json_rows import json_object, json_page
from shared.lists.filters import in_time
from shared.lists.keyset import Position
from shared.lists.order import SortKey
from shared.page_bytes import bytes_of, count_within
from shared.paging import CursorSigner
from shared.uow import UnitOfWork

__all__ = ["ListRequest", "ListRow", "PointInTime", "id_of", "point_in_time"]


@dataclass(frozen=True, slots=True)
class RecordBody:
    body: bytes
    version: int
    computed_version: int
    moment: str
    id: UUID


async def get_record(
    uow: UnitOfWork,
    schema: RecordSchema,
    *,
    record_id: UUID | None = None,
    external_id: str | None = None,
    fields: Sequence[str] | None = None,
    include: Sequence[str] = (),
) -> RecordBody:
    """One record. The id of one that was merged away leads to its winner.

    Raises `RecordNotFound`, or `RecordDeleted` for a tombstone.
    """
    what = await _projection(uow, schema, fields, "/query/fields")
    wanted = await _resolve_includes(uow, schema, include, "/query/include")
    stored = await queries.stored_record(
        uow, schema, what, record_id=record_id, external_id=external_id
    )
    if stored is None:
        raise RecordNotFound(f"There is no {schema.record_type} with this id.")
    if stored.deleted:
        winner = (await living(uow, schema, [stored.id])).get(stored.id)
        if winner is None:
            raise RecordDeleted(f"This {schema.record_type} was deleted.")
        return await get_record(uow, schema, record_id=UUID(winner), fields=fields, include=include)
    related: list[tuple[str, str | None]] = [
        (name, found.get(stored.id, no))
        for name, found, no in await _load_includes(
            uow, schema, _apart(wanted, schema), [stored.id]
        )
    ]
    if schema.related and (fields is None or schema.related in wanted):
        related.append((schema.related, stored.related))
    row = stored.row
    moved: Mapping[str, Any] = {}
    if what.with_traits and stored.may_move:
        moved = (await values_at(uow, schema, [stored.id])).get(stored.id, {})
        row = {**row, "traits": with_values(str(row["traits"]), moved, what.traits)}
    body = queries.object_of(what, row, related)
    counted = (stored.version, stored.computed_version, moment(moved))
    return RecordBody(body, *counted, UUID(stored.id))


async def related_json(
    uow: UnitOfWork, schema: RecordSchema, name: str, ids: Sequence[str]
) -> dict[str, str]:
    """What lists put in beside each of these records under `name`, as JSON; nothing where they put
    in nothing.
    """
    offered = available(uow, schema).get(name)
    return {} if offered is None else (await load_include(uow, schema, offered, ids))[0]


async def id_by_external_id(uow: UnitOfWork, schema: RecordSchema, external_id: str) -> UUID:
    """Of a tombstone, too: the past knows it. Raises `RecordNotFound`."""
    what = projection(schema, ("id",), "/query/fields")
    stored = await queries.stored_record(uow, schema, what, external_id=external_id)
    if stored is None:
        raise RecordNotFound(f"There is no {schema.record_type} with this external id.")
    return UUID(stored.id)


async def past_record(
    uow: UnitOfWork,
    schema: RecordSchema,
    state: Mapping[str, Any],
    point: PointInTime,
    *,
    fields: Sequence[str] | None = None,
    include: Sequence[str] = (),
) -> bytes:
    """A record that `state` tells as it was, with what was related to it then."""
    what = await _projection(uow, schema, fields, "/query/fields", point)
    wanted = await _resolve_includes(uow, schema, include, "/query/include")
    scalars = {name: state[name] for name in what.columns}
    past = queries.past(schema)
    related = await queries.beside_record(uow, past, what, state["id"], point.parameters())
    related = [one for one in related if one[0] not in wanted]
    related += [
        (name, found.get(state["id"], no))
        for name, found, no in await _load_includes(
            uow, schema, _apart(wanted, schema), [state["id"]], point
        )
    ]
    if what.with_traits:
        moved = (await values_at(uow, schema, [state["id"]], point)).get(state["id"], {})
        traits = merged(state["traits"], moved)
        chosen = {k: v for k, v in traits.items() if k in (what.traits or traits)}
        related.append(("traits", to_json(chosen).decode()))
    if schema.related and (fields is None or schema.related in wanted):
        related.append((schema.related, to_json(state[schema.related]).decode()))
    return json_object(scalars, related)


async def _projection(
    uow: UnitOfWork,
    schema: RecordSchema,
    fields: Sequence[str] | None,
    pointer: str,
    point: PointInTime | None = None,
) -> Projection:
    """What the workspace has of its own is looked up only when some of it is named; traits of the
    past may be gone today. Raises `Invalid`.
    """
    if not names_own(fields):
        return projection(schema, fields, pointer)
    known = (await record_catalog.rule_catalog(uow)).scope(schema.record_type).fields
    what = projection(schema, fields, pointer, known, any_trait=point is not None)
    if point is not None:
        refuse_fields_of_now(what.beside, pointer)
    return what


async def _resolve_includes(
    uow: UnitOfWork, schema: RecordSchema, include: Sequence[str], pointer: str
) -> Mapping[str, Included]:
    """What is to be put in, by name. The workspace's object types are looked up only for a name
    that is not among those that everyone has. Raises `Invalid`.
    """
    if not include:
        return {}
    known = includes.available(uow, schema)
    if schema.type_id is None and not known.keys() >= set(include):
        own = {
            link.reverse: includes.instances(defined, link)
            for defined in await record_catalog.object_types(uow)
            for link in defined.links
            if link.to == schema.record_type
        }
        known = {**known, **own}
    return {name: known[name] for name in sorted(included(include, list(known), pointer))}


def _apart(wanted: Mapping[str, Included], schema: RecordSchema) -> Mapping[str, Included]:
    """Without the part that comes with the record."""
    return {name: found for name, found in wanted.items() if name != schema.related}


async def _load_includes(
    uow: UnitOfWork,
    schema: RecordSchema,
    wanted: Mapping[str, Included],
    ids: Sequence[str],
    point: PointInTime | None = None,
) -> list[tuple[str, Mapping[str, str], str]]:
    """Name, JSON by record id, and the JSON for records without."""
    found: list[tuple[str, Mapping[str, str], str]] = []
    for name, one in wanted.items() if ids else ():
        by_id, nothing = await includes.load_include(uow, schema, one, ids, point)
        found.append((name, by_id, nothing))
    return found


@dataclass(frozen=True)
class ListPlan:
    """A list that was understood: which columns of which records in which order."""

    schema: RecordSchema
    source: queries.Source
    what: Projection
    keys: tuple[SortKey, ...]
    where: Conditions
    include: Mapping[str, Included]
    point: PointInTime | None
    moved: Mapping[str, str]
    """What time has made of formulas that the rule or the order reads."""
    halves: tuple[past_pages.Half, ...] = ()
    """Of the past."""

    @property
    def parameters(self) -> Mapping[str, object]:
        return {**self.moved, **(self.point.parameters() if self.point else {})}

    async def rows(self, uow: UnitOfWork, after: Position | None, limit: int) -> Sequence[ListRow]:
        given = self.parameters
        if self.halves:
            asked = (self.halves, self.what, self.keys)
            rows = await past_pages.page_of_past(uow, *asked, after, limit, given)
        else:
            statement = queries.listing(self.source, self.what, self.keys, self.where)
            rows = await queries.page(uow, self.source, statement, self.keys, after, limit, given)
        return await with_moved(uow, self.schema, rows, self.what.traits, self.point)

    def position(self, row: ListRow) -> Position:
        """Where a row stands, to go on after it."""
        return queries.position(row, self.keys)

    async def includes(
        self, uow: UnitOfWork, rows: Sequence[ListRow]
    ) -> list[tuple[str, Mapping[str, str], str]]:
        ids = [id_of(row) for row in rows]
        return await _load_includes(uow, self.schema, self.include, ids, self.point)


async def plan_list(uow: UnitOfWork, schema: RecordSchema, request: ListRequest) -> ListPlan:
    """Raises `Invalid` for a faulty rule, field or order."""
    at, point = request.pointers, request.point
    if point is not None:
        await must_have_come(uow, point.as_of, f"{at}/as_of")
    what = await _projection(uow, schema, request.fields, f"{at}/fields", point)
    wanted = await _resolve_includes(uow, schema, request.include, f"{at}/include")
    catalog = await catalog_of(uow, schema, request)
    keys = sort_keys(schema, request.sort, catalog, f"{at}/sort")
    rule = await rule_of(uow, schema, request, catalog)
    ordered_by = {(schema.record_type, key.field.name) for key in keys}
    moved = await moved_types(uow, ordered_by | reads_of([rule] if rule else []), point)
    source = queries.past(schema, moved.names) if point else _present(schema, moved.names)
    where = await conditions_of(uow, source, request, rule)
    halves: tuple[past_pages.Half, ...] = ()
    if point is not None:
        refuse_fields_of_now((key.field for key in keys), f"{at}/sort")
    if point is not None and not moved.names:
        unchanged, changed = past_pages.halves_of_past(schema)
        halves = (
            (unchanged, await conditions_of(uow, unchanged, request, rule)),
            (changed, await conditions_of(uow, changed, request, rule)),
        )
        halves = halves if past_pages.reads_only_itself(halves, what, keys) else ()
    given = moved.parameters
    return ListPlan(schema, source, what, keys, where, wanted, point, given, halves)


def _present(schema: RecordSchema, moved: frozenset[str]) -> queries.Source:
    return queries.moved(schema, moved) if moved else queries.present(schema)


async def list_records(
    uow: UnitOfWork, schema: RecordSchema, request: ListRequest, cursors: CursorSigner
) -> bytes:
    """A page of records as JSON. Raises `Invalid` for a faulty rule, field or order."""
    planned = await plan_list(uow, schema, request)
    shape = (schema.record_type, *request.shape)
    after = _position(cursors, uow.workspace_id, request.cursor, shape, planned.keys)
    with in_time(f"{request.pointers}/filter"):
        rows = await planned.rows(uow, after, request.limit + 1)
        counted = await _count(uow, planned, request.count)
    # A row's traits are text by now, and what may be large of it.
    sizes = (sum(bytes_of(cell) for cell in row.values() if isinstance(cell, str)) for row in rows)
    kept = rows[: min(request.limit, count_within(sizes))]
    cursor = None
    if len(rows) > len(kept):
        cursor = cursors.sign(uow.workspace_id, shape, planned.position(kept[-1]))
    related = await planned.includes(uow, kept)
    objects = [
        queries.object_of(
            planned.what,
            row,
            [(name, found.get(id_of(row), no)) for name, found, no in related],
        )
        for row in kept
    ]
    return json_page(objects, cursor, counted)


def _position(
    cursors: CursorSigner,
    workspace_id: UUID,
    cursor: str | None,
    shape: Sequence[Any],
    keys: Sequence[SortKey],
) -> Position | None:
    if cursor is None:
        return None
    position = cursors.read(cursor, workspace_id, shape)
    if len(position) != len(keys) + 1:
        raise BadRequest("This cursor does not belong to this list.", reason="cursor")
    return position


async def _count(uow: UnitOfWork, planned: ListPlan, how: str | None) -> dict[str, Any]:
    if how is None:
        return {}
    value, exact = await queries.count(
        uow, planned.source, planned.where, planned.parameters, capped=how == "estimate"
    )
    return {"count": {"value": value, "exact": exact}}

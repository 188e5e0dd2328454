"""Finding records: one by its id, lists by rule, order and words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic_core import from_json, to_json
from typing_extensions import override

from accounts_api.reading import parts as parts_of
from accounts_api.reading import queries
from accounts_api.reading.parts import Included
from accounts_api.reading.past import Then
from accounts_api.reading.queries import Conditions, Source
from accounts_api.reading.rules import (
    Shown,
    SortKey,
    asks_of_now,
    included,
    shown,
    sort_keys,
    told_by_now,
)
from accounts_api.records import vocabulary
from accounts_api.records.kinds import Kind
from accounts_api.records.refusals import RecordDeleted, RecordNotFound, in_time
from accounts_api.rules import checked as c
from accounts_api.rules.catalog import Catalog
from accounts_api.rules.check import check
from accounts_api.rules.moment import Moment
from accounts_api.rules.sql.verdict import verdict
from accounts_api.rules.standard import STANDARD
from accounts_api.rules.syntax.faults import Fault as RuleFault
from accounts_api.rules.syntax.faults import RuleFaulty
from accounts_api.rules.syntax.json_form import read_json
from accounts_api.rules.syntax.text_form import read_text
from accounts_api.watching.written import rule_catalog
from shared.errors import BadRequest, Fault, Invalid
from shared.paging import CursorSigner
from shared.rows import json_object, json_page
from shared.uow import UnitOfWork


def offer_part(name: str, statement: str) -> None:
    """Let lists be asked to `include` a thing of a feature above: a statement that gives `id` and
    `part`, a JSON array, of the records `:ids`. Names of tables in it are bare, so that it can be
    asked about the past.
    """
    parts_of.OFFERED[name] = (statement, "[]")


def then_of(as_of: datetime | None, known_as_of: datetime | None) -> Then | None:
    """None for now."""
    return Then(as_of, known_as_of) if as_of or known_as_of else None


@dataclass(frozen=True, slots=True)
class Found:
    body: bytes
    version: int
    id: UUID


async def get_record(
    uow: UnitOfWork,
    kind: Kind,
    *,
    record_id: UUID | None = None,
    external_id: str | None = None,
    fields: Sequence[str] | None = None,
    include: Sequence[str] = (),
) -> Found:
    """One record. The id of one that was merged away leads to its winner.

    Raises `RecordNotFound`, or `RecordDeleted` for a tombstone.
    """
    what = shown(kind, fields, "/query/fields")
    wanted = await _wanted(uow, kind, include, "/query/include")
    row = await queries.record_row(
        uow.session, uow.workspace_id, kind, what, record_id=record_id, external_id=external_id
    )
    if row is None:
        raise RecordNotFound(f"There is no {kind.noun} with this id.")
    if row.deleted_at is not None:
        winner = await queries.winner_of(uow.session, uow.workspace_id, kind, row.id)
        if winner is None:
            raise RecordDeleted(f"This {kind.noun} was deleted.")
        return await get_record(uow, kind, record_id=winner, fields=fields, include=include)
    parts = [
        (name, found.get(row.id, no))
        for name, found, no in await _parts(uow, _apart(wanted, kind), [row.id])
    ]
    if kind.part and (fields is None or kind.part in wanted):
        parts.append((kind.part, row.part))
    body = queries.object_of(what, row, parts)
    return Found(body, row.stored_version, UUID(row.id))


async def past_record(
    uow: UnitOfWork,
    kind: Kind,
    state: Mapping[str, Any],
    then: Then,
    *,
    fields: Sequence[str] | None = None,
    include: Sequence[str] = (),
) -> bytes:
    """A record that `state` tells as it was, with what was related to it then."""
    what = shown(kind, fields, "/query/fields")
    wanted = await _wanted(uow, kind, include, "/query/include")
    scalars = {name: state[name] for name in what.columns}
    parts = [
        (name, found.get(state["id"], no))
        for name, found, no in await _parts(uow, _apart(wanted, kind), [state["id"]], then)
    ]
    if what.with_traits:
        chosen = {k: v for k, v in state["traits"].items() if k in (what.traits or state["traits"])}
        parts.append(("traits", to_json(chosen).decode()))
    if kind.part and (fields is None or kind.part in wanted):
        parts.append((kind.part, to_json(state[kind.part]).decode()))
    return json_object(scalars, parts)


async def _wanted(
    uow: UnitOfWork, kind: Kind, include: Sequence[str], pointer: str
) -> Mapping[str, Included]:
    """What is to be put in, by name. The workspace's object types are looked up only for a name
    that is not among those that everyone has. Raises `Invalid`.
    """
    if not include:
        return {}
    known = parts_of.known(kind)
    if kind.type_id is None and not known.keys() >= set(include):
        own = {
            link.reverse: parts_of.instances(defined, link)
            for defined in await vocabulary.object_types(uow)
            for link in defined.links
            if link.to == kind.noun
        }
        known = {**known, **own}
    return {name: known[name] for name in sorted(included(include, list(known), pointer))}


def _apart(wanted: Mapping[str, Included], kind: Kind) -> Mapping[str, Included]:
    """Without the part that comes with the record."""
    return {name: found for name, found in wanted.items() if name != kind.part}


async def _parts(
    uow: UnitOfWork,
    wanted: Mapping[str, Included],
    ids: Sequence[str],
    then: Then | None = None,
) -> list[tuple[str, Mapping[str, str], str]]:
    """Name, JSON by record id, and the JSON for records without."""
    found: list[tuple[str, Mapping[str, str], str]] = []
    for name, one in wanted.items() if ids else ():
        by_id, nothing = await parts_of.parts(uow.session, uow.workspace_id, one, ids, then)
        found.append((name, by_id, nothing))
    return found


@dataclass(frozen=True)
class ListRequest:
    filter: str | dict[str, Any] | None = None
    sort: str | None = None
    fields: Sequence[str] | None = None
    include: Sequence[str] = ()
    include_ignored: bool = False
    query: str | None = None
    then: Then | None = None
    count: str | None = None
    limit: int = 50
    cursor: str | None = None
    pointers: str = "/query"
    """Where its parts stand: in the query string, or in a body."""
    shape: tuple[Any, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        """What a cursor is bound to: everything that decides which rows come in which order."""
        past = self.then and (self.then.as_of, self.then.known_as_of)
        parts = (self.filter, self.sort, self.query, self.include_ignored, past)
        object.__setattr__(self, "shape", parts)


@dataclass(frozen=True)
class Listed:
    """A list that was understood: which columns of which records in which order."""

    kind: Kind
    source: queries.Source
    what: Shown
    keys: tuple[SortKey, ...]
    where: Conditions
    include: Mapping[str, Included]
    then: Then | None

    async def rows(
        self, uow: UnitOfWork, after: queries.Position | None, limit: int
    ) -> Sequence[Any]:
        statement = queries.listing(self.source, self.what, self.keys, self.where)
        return await queries.page(
            uow.session,
            uow.workspace_id,
            self.source,
            statement,
            self.keys,
            after,
            limit,
            self.then,
        )

    async def parts(
        self, uow: UnitOfWork, rows: Sequence[Any]
    ) -> list[tuple[str, Mapping[str, str], str]]:
        ids = [row[-1] for row in rows]
        return await _parts(uow, self.include, ids, self.then)


async def understood(uow: UnitOfWork, kind: Kind, request: ListRequest) -> Listed:
    """Raises `Invalid` for a faulty rule, field or order."""
    at, then = request.pointers, request.then
    what = shown(kind, request.fields, f"{at}/fields")
    wanted = await _wanted(uow, kind, request.include, f"{at}/include")
    catalog = await _catalog(uow, kind, request)
    keys = sort_keys(kind, request.sort, catalog, f"{at}/sort")
    source = queries.present(kind) if then is None else queries.past(kind)
    where = await _where(uow, source, request, catalog)
    if then is not None:
        told_by_now(keys, f"{at}/sort")
    return Listed(kind, source, what, keys, where, wanted, then)


async def list_records(
    uow: UnitOfWork, kind: Kind, request: ListRequest, cursors: CursorSigner
) -> bytes:
    """A page of records as JSON. Raises `Invalid` for a faulty rule, field or order."""
    listed = await understood(uow, kind, request)
    shape = (kind.noun, *request.shape)
    after = _position(cursors, uow.workspace_id, request.cursor, shape, listed.keys)
    with in_time(f"{request.pointers}/filter"):
        rows = await listed.rows(uow, after, request.limit + 1)
        counted = await _count(uow, listed, request.count)
    kept = rows[: request.limit]
    cursor = None
    if len(rows) > request.limit:
        cursor = cursors.sign(uow.workspace_id, shape, queries.position(kept[-1], listed.keys))
    parts = await listed.parts(uow, kept)
    objects = [
        queries.object_of(
            listed.what, row, [(name, found.get(row[-1], no)) for name, found, no in parts]
        )
        for row in kept
    ]
    return json_page(objects, cursor, counted)


async def _catalog(uow: UnitOfWork, kind: Kind, request: ListRequest) -> Catalog:
    """What the workspace defined is looked up only for a list that speaks of traits, and for one of
    its own types.
    """
    spoken = f"{request.filter} {request.sort}"
    own = kind.type_id is not None or "traits" in spoken
    return await vocabulary.rule_catalog(uow) if own else STANDARD


async def _where(
    uow: UnitOfWork, source: Source, request: ListRequest, catalog: Catalog
) -> Conditions:
    """Built once for the same words, unless the rule looks at the clock."""
    written = request.filter
    if isinstance(written, dict):
        written = to_json(written).decode()
    pointer = f"{request.pointers}/filter"
    rule = None
    if written is not None:
        rule = await _rule_of(uow, source.kind, written, catalog, pointer)
        if any(isinstance(node, c.Member | c.Role) for node in c.walk(rule.root)):
            read_rule(source.kind, written, await rule_catalog(uow), pointer)
    ignored = request.include_ignored or request.query is not None
    if request.then is not None and rule is not None:
        asks_of_now(rule, pointer)
    if rule is not None and _depends_on_time(rule):
        moment = await vocabulary.moment_of(uow)
        if request.then is not None and request.then.as_of is not None:
            moment = replace(moment, now=request.then.as_of, _steps={})
        return _conditions(source, rule, moment, request.query, include_ignored=ignored)
    return _lasting_conditions(source, _Same(rule), request.query, include_ignored=ignored)


async def _rule_of(
    uow: UnitOfWork, kind: Kind, written: str, catalog: Catalog, pointer: str
) -> c.Rule:
    """What means nothing to everyone may speak of an object type of this workspace."""
    try:
        return _rule(kind, written, _Same(catalog), pointer)
    except Invalid:
        if catalog is not STANDARD:
            raise
        return _rule(kind, written, _Same(await vocabulary.rule_catalog(uow)), pointer)


class _Same:
    """Lets a cache tell things apart by identity; holding them keeps their identity theirs."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.thing is self.thing

    @override
    def __hash__(self) -> int:
        return id(self.thing)


@lru_cache(maxsize=1024)
def _rule(kind: Kind, written: str, catalog: _Same, pointer: str) -> c.Rule:
    return read_rule(kind, written, catalog.thing, pointer)


@lru_cache(maxsize=1024)
def _lasting_conditions(
    source: Source, rule: _Same, query: str | None, *, include_ignored: bool
) -> Conditions:
    return _conditions(source, rule.thing, _TIMELESS, query, include_ignored=include_ignored)


def _conditions(
    source: Source,
    rule: c.Rule | None,
    moment: Moment,
    query: str | None,
    *,
    include_ignored: bool,
) -> Conditions:
    where = []
    if rule is not None:
        where.append(verdict(rule, source.table, moment))
    if query is not None:
        where.append(queries.matches_words(source.kind, query))
    if source.kind.noun == "account" and not (include_ignored or _asks_for_status(rule)):
        where.append(queries.not_ignored(source))
    return Conditions(where)


def read_rule(kind: Kind, written: str | dict[str, Any], catalog: Catalog, pointer: str) -> c.Rule:
    """A filter in either form. Raises `Invalid` that points at the faulty part."""
    try:
        if isinstance(written, dict):
            node = read_json(written)
        elif written.lstrip().startswith("{"):
            node = read_json(_json(written, pointer))
        else:
            node = read_text(written)
        return check(node, catalog, kind.noun)
    except RuleFaulty as faulty:
        raise Invalid(
            "The filter cannot be used.", faults=[_fault(f, pointer) for f in faulty.faults]
        ) from faulty


def _json(written: str, pointer: str) -> Any:
    try:
        return from_json(written, allow_inf_nan=False)
    except ValueError as error:
        raise Invalid(
            faults=[Fault(pointer, "not_json", f"Not JSON: {str(error)[:200]}.")]
        ) from error


def _fault(fault: RuleFault, pointer: str) -> Fault:
    """Within a body the pointer leads into the rule; within a query string it cannot."""
    error = dict(fault.as_error(pointer))
    code, message = str(error.pop("code")), str(error.pop("message"))
    return Fault(str(error.pop("pointer", pointer)), code, message, error or None)


_TIMELESS: Final = Moment(datetime.fromtimestamp(0, UTC), ZoneInfo("UTC"))


def _depends_on_time(rule: c.Rule) -> bool:
    return any(
        isinstance(node, c.Role | c.EventsCounted)
        or (
            isinstance(node, c.FieldTest) and isinstance(node.test, c.Days | c.Instants | c.Changed)
        )
        for node in c.walk(rule.root)
    )


def _asks_for_status(rule: c.Rule | None) -> bool:
    return rule is not None and any(
        isinstance(node, c.FieldTest) and node.field.name == "lifecycle_status"
        for node in c.walk(rule.root)
    )


def _position(
    cursors: CursorSigner,
    workspace_id: UUID,
    cursor: str | None,
    shape: Sequence[Any],
    keys: Sequence[SortKey],
) -> queries.Position | None:
    if cursor is None:
        return None
    position = cursors.read(cursor, workspace_id, shape)
    if len(position) != len(keys) + 1:
        raise BadRequest("This cursor does not belong to this list.", reason="cursor")
    return position


async def _count(uow: UnitOfWork, listed: Listed, how: str | None) -> dict[str, Any]:
    if how is None:
        return {}
    value, exact = await queries.count(
        uow.session,
        uow.workspace_id,
        listed.source,
        listed.where,
        listed.then,
        capped=how == "estimate",
    )
    return {"count": {"value": value, "exact": exact}}

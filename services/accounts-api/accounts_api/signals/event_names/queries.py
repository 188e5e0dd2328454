from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from pydantic_core import from_json, to_json
from sqlalchemy import text

from accounts_api.signals.event_counts.rules import Declared, declared_properties
from accounts_api.signals.event_names.rules import Refusal, Subject, storable, tallies
from shared.rules.interpreter.depends import ANY_EVENTS, events_dependency
from shared.uow import UnitOfWork

# A connection has one transaction at a time, so that hardly two wait for one row.
_ADD_TALLIES = """
    insert into product_event_tallies as t
        (workspace_id, type, name, shard, accepted, refused)
    select :workspace_id, n.type, n.name, mod(pg_backend_pid(), 64), n.accepted, n.refused
    from jsonb_to_recordset(cast(:tallies as jsonb))
           as n(type text, name text, accepted bigint, refused bigint)
    order by n.type, n.name
    on conflict (workspace_id, type, name, shard) do update
    set accepted = t.accepted + excluded.accepted, refused = t.refused + excluded.refused
"""
_ADD_NAMES = """
    insert into product_event_names (workspace_id, name, first_seen_at)
    select :workspace_id, name, :at from unnest(cast(:names as text[])) as n(name)
    where not exists (select 1 from product_event_names k
                      where k.workspace_id = :workspace_id and k.name = n.name)
    order by name
    on conflict (workspace_id, name) do nothing
"""
_ADD = text(
    f"""
    with tallied as ({_ADD_TALLIES}), named as ({_ADD_NAMES})
    select w.name,
           (select d.rule_id from rule_dependencies d
            where d.workspace_id = :workspace_id
              and d.record_type = any(array['account', 'contact'])
              and d.what = any(array[w.what, :any_events])
            limit 1) is not null as is_counted,
           (select v.name from product_event_watchers v
            where v.workspace_id = :workspace_id and v.name = w.name limit 1) is not null
             as is_watched,
           (select json_agg(json_build_object('key', p.key, 'name', p.name, 'type', p.type))::text
            from product_event_properties p
            where p.workspace_id = :workspace_id and w.name = any(p.events)) as declared
    from unnest(cast(:names as text[]), cast(:whats as text[])) as w(name, what)
    """
)


@dataclass(frozen=True, slots=True)
class EventName:
    """Who reads events of a name."""

    name: str
    is_counted: bool
    """Whether any rule counts them."""
    is_watched: bool
    """Whether something of another service wants to hear of each."""
    declared: str | None
    """The properties that are counted by, as a JSON list."""

    def properties(self, given: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Those of an event; None where none is declared."""
        if self.declared is None:
            return None
        return declared_properties(_declared(self.declared), given)


@lru_cache(maxsize=1024)
def _declared(document: str) -> Sequence[Declared]:
    return [Declared(**each) for each in from_json(document)]


async def add(uow: UnitOfWork, accepted: Sequence[str], at: datetime) -> dict[str, EventName]:
    """Note that events of these names came; who reads them."""
    names = sorted(set(accepted))
    found = await uow.rows(
        EventName,
        _ADD,
        tallies=to_json(tallies(Subject("track", name) for name in accepted)).decode(),
        names=names,
        whats=[events_dependency(name) for name in names],
        any_events=ANY_EVENTS,
        at=at,
    )
    return {each.name: each for each in found}


_WATCHED = text(
    """
    select distinct name from product_event_watchers
    where workspace_id = :workspace_id and name = any(cast(:names as text[]))
    """
)
_WATCH_NO_MORE = text(
    """
    delete from product_event_watchers
    where workspace_id = :workspace_id and holder = :holder
      and name <> all(cast(:names as text[]))
    """
)
_WATCH = text(
    """
    insert into product_event_watchers (workspace_id, holder, name)
    select :workspace_id, :holder, name from unnest(cast(:names as text[])) as n(name)
    order by name on conflict (workspace_id, holder, name) do nothing
    """
)


async def watched(uow: UnitOfWork, names: Iterable[str]) -> frozenset[str]:
    """Those of the names that something of another service watches."""
    return frozenset(await uow.values(str, _WATCHED, names=sorted(set(names))))


async def watch(uow: UnitOfWork, holder: str, names: Iterable[str]) -> None:
    """All that `holder` watches from now on."""
    wanted = sorted(set(names))
    await uow.run(_WATCH_NO_MORE, holder=holder, names=wanted)
    await uow.run(_WATCH, holder=holder, names=wanted)


_TALLY = text(_ADD_TALLIES)


async def tally(uow: UnitOfWork, accepted: Iterable[Subject]) -> None:
    await uow.run(_TALLY, tallies=to_json(tallies(accepted)).decode())


_FAULTS_KEPT: Final = 20
_REFUSE = text(
    f"""
    with tallied as ({_ADD_TALLIES}), named as ({_ADD_NAMES})
    insert into product_event_refusals as r (workspace_id, type, name, at, message_id, faults)
    select :workspace_id, n.type, n.name, :at, n.message_id, n.faults
    from jsonb_to_recordset(cast(:refusals as jsonb))
           as n(type text, name text, message_id text, faults jsonb)
    order by n.type, n.name
    on conflict (workspace_id, type, name) do update
    set at = excluded.at, message_id = excluded.message_id, faults = excluded.faults
    """
)


async def refuse(uow: UnitOfWork, refusals: Sequence[Refusal], at: datetime) -> None:
    last = {refusal.subject: refusal for refusal in refusals}
    rows = [
        {
            "type": subject.type,
            "name": subject.name,
            "message_id": refusal.message_id and storable(refusal.message_id),
            "faults": [
                {
                    "pointer": storable(fault.pointer),
                    "code": fault.code,
                    "message": storable(fault.message),
                }
                for fault in refusal.faults[:_FAULTS_KEPT]
            ],
        }
        for subject, refusal in last.items()
    ]
    await uow.run(
        _REFUSE,
        tallies=to_json(tallies((), (each.subject for each in refusals))).decode(),
        refusals=to_json(rows).decode(),
        names=sorted({subject.name for subject in last if subject.name}),
        at=at,
    )


@dataclass(frozen=True, slots=True)
class LastRefusal:
    at: datetime
    message_id: str | None
    errors: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Tally:
    """Of a type of message, or of an event name."""

    label: str
    first_seen_at: datetime | None
    accepted: int
    refused: int
    refused_at: datetime | None
    refused_message_id: str | None
    faults: list[dict[str, Any]] | None

    @property
    def last_refusal(self) -> LastRefusal | None:
        if self.refused_at is None:
            return None
        return LastRefusal(self.refused_at, self.refused_message_id, self.faults or [])


def _tallied(label: str, subjects: str, matching: str) -> str:
    """`subjects` with what came of them."""
    return f"""
        select s.{label} as label, s.first_seen_at,
               coalesce(t.accepted, 0)::bigint as accepted,
               coalesce(t.refused, 0)::bigint as refused,
               r.at as refused_at, r.message_id as refused_message_id, r.faults
        from ({subjects}) s
        left join lateral (
            select sum(t.accepted) as accepted, sum(t.refused) as refused
            from product_event_tallies t
            where t.workspace_id = :workspace_id and {matching.format("t")}
        ) t on true
        left join lateral (
            select r.at, r.message_id, r.faults from product_event_refusals r
            where r.workspace_id = :workspace_id and {matching.format("r")}
            order by r.at desc limit 1
        ) r on true
        order by s.{label}
    """


async def names_page(uow: UnitOfWork, *, after: str | None, limit: int) -> list[Tally]:
    following = "" if after is None else "and name > :after"
    names = f"""
        select name, first_seen_at from product_event_names
        where workspace_id = :workspace_id {following} order by name limit :limit
    """
    statement = text(_tallied("name", names, "{0}.type = 'track' and {0}.name = s.name"))
    given: Mapping[str, object] = {} if after is None else {"after": after}
    return await uow.rows(Tally, statement, limit=limit, **given)


_TYPES = text(
    _tallied(
        "type",
        """
        select type, cast(null as timestamptz) as first_seen_at
        from unnest(cast(:types as text[])) as types(type)
        """,
        "{0}.type = s.type",
    )
)


async def types(uow: UnitOfWork, names: Collection[str]) -> list[Tally]:
    return await uow.rows(Tally, _TYPES, types=list(names))

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from prometheus_client import Counter

from accounts_api.signals.event_names import queries
from accounts_api.signals.event_names.queries import EventName, Tally
from accounts_api.signals.event_names.rules import TYPES, UNKNOWN, Refusal, Subject
from shared.uow import UnitOfWork

MESSAGES: Final = Counter(
    "tenure_product_messages_total", "Messages of product SDKs", ["type", "outcome"]
)


async def add_events(
    uow: UnitOfWork, names: Sequence[str], at: datetime
) -> Mapping[str, EventName]:
    """Note that events of these names came, one for each; who reads them."""
    MESSAGES.labels("track", "accepted").inc(len(names))
    return await queries.add(uow, names, at)


async def add_messages(uow: UnitOfWork, types: Sequence[str]) -> None:
    """Note that messages of other types came."""
    for type_ in types:
        MESSAGES.labels(type_, "accepted").inc()
    if types:
        await queries.tally(uow, map(Subject, types))


async def add_refusals(uow: UnitOfWork, refusals: Sequence[Refusal]) -> None:
    """Note what was refused, and of each name why the last one was."""
    for refusal in refusals:
        MESSAGES.labels(refusal.subject.type, "refused").inc()
    if refusals:
        await queries.refuse(uow, refusals, await uow.now())


async def watch(uow: UnitOfWork, holder: str, names: Iterable[str]) -> None:
    """All that `holder` of another service watches from now on: told again, it is the same."""
    await queries.watch(uow, holder, names)


async def watched(uow: UnitOfWork, names: Iterable[str]) -> frozenset[str]:
    return await queries.watched(uow, names)


async def list_names(uow: UnitOfWork, after: str | None, limit: int) -> list[dict[str, Any]]:
    """One more than `limit`, if there are more."""
    return list(_shown("name", await queries.names_page(uow, after=after, limit=limit + 1)))


async def list_types(uow: UnitOfWork) -> list[dict[str, Any]]:
    return list(_shown("type", await queries.types(uow, (*TYPES, UNKNOWN))))


def _shown(label: str, rows: Iterable[Tally]) -> Iterable[dict[str, Any]]:
    for row in rows:
        yield {
            label: row.label,
            "first_seen_at": row.first_seen_at,
            "accepted": row.accepted,
            "refused": row.refused,
            "last_refusal": row.last_refusal,
        }

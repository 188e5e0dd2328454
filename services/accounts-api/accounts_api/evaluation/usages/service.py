"""The one place for "who uses this": each feature here says it for itself, as `wiring.py` lists
them; other services are asked, before a transaction begins.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_jsonable_python

from accounts_api.evaluation.usages import client
from accounts_api.records.holdings.service import count_accounts_held
from shared.auth import Caller
from shared.errors import InUse, Unavailable
from shared.service import Service
from shared.settings import ServiceName
from shared.uow import UnitOfWork
from shared.usages import Usage, UsageTarget

COUNTED_TO: Final = 1_000
_PEERS: Final[tuple[ServiceName, ...]] = ("tasks", "sequencer", "sync")

peer_said = client.peer_said


class UsagesUnknown(Unavailable):
    code = "usages_unknown"
    title = "Not every service could be asked who uses this"


FindUsages = Callable[[UnitOfWork, str, str | None, str], Awaitable[Sequence[Usage]]]
"""(uow, a `UsageTarget` | "object_type" | "relation" | "field", record type of a trait, segment,
relation or field, key or id) to what of the feature uses it. A relation is what the records of a
type call the instances of another.
"""


@dataclass(frozen=True, slots=True)
class UsageHooks:
    finders: Sequence[FindUsages]
    """Usages are listed in this order."""


async def find_usages(uow: UnitOfWork, what: str, record_type: str | None, key: str) -> list[Usage]:
    finders = uow.wired(UsageHooks).finders
    return [usage for finder in finders for usage in await finder(uow, what, record_type, key)]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What the other services said."""

    usages: list[Usage] = field(default_factory=list)
    not_asked: list[ServiceName] = field(default_factory=list)
    records: int = 0
    """Of theirs, that have a value of the trait."""


async def ask_others(
    service: Service, caller: Caller, target: UsageTarget, key: str, record_type: str | None = None
) -> Elsewhere:
    """Not within a transaction."""
    answers = await asyncio.gather(
        *(
            client.usages_elsewhere(service, caller, peer, target, key, record_type)
            for peer in _PEERS
        )
    )
    said = dict(zip(_PEERS, answers, strict=True))
    return Elsewhere(
        [Usage(**usage) for usages in answers if usages is not None for usage in usages],
        [peer for peer, usages in said.items() if usages is None],
    )


@dataclass(frozen=True, slots=True)
class Used:
    """By records, counted to one more than `COUNTED_TO`, and by what a workspace has configured."""

    usages: list[Usage]
    not_asked: list[ServiceName]
    records: int

    def as_json(self) -> dict[str, Any]:
        return {
            "records": min(self.records, COUNTED_TO),
            "more_records": self.records > COUNTED_TO,
            "usages": to_jsonable_python(self.usages),
            "not_asked": self.not_asked,
        }


async def used(
    uow: UnitOfWork,
    target: UsageTarget,
    key: str,
    elsewhere: Elsewhere,
    *,
    record_type: str | None = None,
    records: int = 0,
) -> Used:
    here = await find_usages(uow, target, record_type, key)
    return Used([*here, *elsewhere.usages], elsewhere.not_asked, records)


async def member_used(uow: UnitOfWork, member_id: UUID, elsewhere: Elsewhere) -> Used:
    records = await count_accounts_held(uow, member_id, COUNTED_TO + 1)
    return await used(uow, "member", str(member_id), elsewhere, records=records)


def must_be_unused(found: Used, advice: str, *, with_records: bool = True) -> None:
    """Raises `InUse` with who uses it, or `UsersUnknown`. `advice` says what `force` would do."""
    if found.usages or (with_records and found.records):
        raise InUse(advice, **found.as_json())
    if found.not_asked:
        raise UsagesUnknown(
            f"Try again, or: {advice[:1].lower()}{advice[1:]}", not_asked=found.not_asked
        )

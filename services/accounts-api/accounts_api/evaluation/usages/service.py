"""The one place for "who uses this": features here say it through `records.hooks`, other services
are asked, before a transaction begins.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_jsonable_python

from accounts_api.evaluation.usages import client, queries
from accounts_api.records.store import hooks
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


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What the other services said."""

    usages: list[Usage] = field(default_factory=list)
    not_asked: list[ServiceName] = field(default_factory=list)


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
    own: Sequence[Usage] = (),
) -> Used:
    here = await hooks.find_usages(uow, target, record_type, key)
    more = await _to_come(uow, target, record_type, key)
    return Used([*own, *here, *more, *elsewhere.usages], elsewhere.not_asked, records)


async def _to_come(
    uow: UnitOfWork, target: UsageTarget, record_type: str | None, key: str
) -> list[Usage]:
    """What is going to write it: imports that have not ended, and planned holdings."""
    session, workspace_id = uow.session, uow.workspace_id
    if target == "trait" and record_type is not None:
        rows = await queries.imports_mapping(session, workspace_id, record_type, f"traits.{key}")
    elif target == "key_role":
        column = f"key_roles.{key}"
        rows = [
            *await queries.imports_mapping(session, workspace_id, "account", column),
            *await queries.plans_of_role(session, workspace_id, key),
        ]
    else:
        return []
    return _usages(rows)


def _usages(rows: Sequence[Any]) -> list[Usage]:
    return [Usage(row.type, str(row.id), row.title) for row in rows]


async def member_used(uow: UnitOfWork, member_id: UUID, elsewhere: Elsewhere) -> Used:
    rows = await queries.rules_naming(uow.session, uow.workspace_id, member_id)
    own = _usages(rows)
    records = await queries.accounts_held(uow.session, uow.workspace_id, member_id, COUNTED_TO + 1)
    return await used(uow, "member", str(member_id), elsewhere, records=records, own=own)


def must_be_unused(found: Used, advice: str, *, with_records: bool = True) -> None:
    """Raises `InUse` with who uses it, or `UsersUnknown`. `advice` says what `force` would do."""
    if found.usages or (with_records and found.records):
        raise InUse(advice, **found.as_json())
    if found.not_asked:
        raise UsagesUnknown(
            f"Try again, or: {advice[:1].lower()}{advice[1:]}", not_asked=found.not_asked
        )

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from accounts_api.evaluation.rule_sets import queries
from accounts_api.evaluation.rule_sets.rules import Faulty, R
from accounts_api.evaluation.rule_sets.stored import RuleSet
from shared.uow import UnitOfWork


async def all_of(uow: UnitOfWork, kept: RuleSet[R], **which: Any) -> list[R]:
    """In the order in which they decide; `which` are values of columns."""
    return await queries.all_rules(uow.session, uow.workspace_id, kept, **which)


async def one_of(
    uow: UnitOfWork, kept: RuleSet[R], *, lock: bool = False, **which: Any
) -> R | None:
    return await queries.one_rule(uow.session, uow.workspace_id, kept, lock=lock, **which)


async def add(uow: UnitOfWork, kept: RuleSet[R], values: Mapping[str, Any]) -> R:
    return await queries.add_rule(uow.session, uow.workspace_id, kept, values)


async def change(uow: UnitOfWork, kept: RuleSet[R], rule_id: UUID, values: Mapping[str, Any]) -> R:
    """A new version, without the faults of the one before."""
    return await queries.change_rule(uow.session, uow.workspace_id, kept, rule_id, values)


async def note(uow: UnitOfWork, kept: RuleSet[R], rule_id: UUID, values: Mapping[str, Any]) -> None:
    """What the worker writes of a rule. No new version."""
    await queries.note(uow.session, uow.workspace_id, kept, rule_id, values)


async def remove(uow: UnitOfWork, kept: RuleSet[R], **which: Any) -> None:
    await queries.remove_rules(uow.session, uow.workspace_id, kept, **which)


async def mark(uow: UnitOfWork, kept: RuleSet[R], fine: Iterable[R], faulty: Faulty[R]) -> None:
    """Show of each rule why it cannot be used, or that it can again."""
    for stored, faults in faulty:
        if stored.faults != faults:
            await note(uow, kept, stored.id, {"faults": faults})
    for stored in fine:
        if stored.faults is not None:
            await note(uow, kept, stored.id, {"faults": None})


async def set_aside(uow: UnitOfWork, kept: RuleSet[R], reason: str, **which: Any) -> None:
    """They decide together, so none of them can be judged; what they decided stays."""
    faults = [{"code": reason, "message": "The rules could not be judged."}]
    for stored in await all_of(uow, kept, **which):
        await note(uow, kept, stored.id, {"faults": faults})

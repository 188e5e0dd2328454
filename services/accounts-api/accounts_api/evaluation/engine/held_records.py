"""Single records that a rule failed on: they keep what the rule decided before, and say why."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from shared import held_work
from shared.uow import UnitOfWork

STEP: Final = "rules"


async def hold(
    uow: UnitOfWork, kind: str, rule_id: UUID, record_id: UUID, error: Exception
) -> None:
    about = {"kind": kind, "rule_id": str(rule_id), "record_id": str(record_id)}
    await held_work.hold(uow, STEP, _item(rule_id, record_id), error, about)


async def let_go(uow: UnitOfWork, judged: Mapping[UUID, Collection[UUID]]) -> None:
    """Those that could be judged now, by watch."""

    def succeeded(item: str) -> bool:
        rule_id, record_id = map(UUID, item.split(":"))
        return record_id in judged.get(rule_id, ())

    await held_work.let_go(uow, STEP, succeeded)


async def due_again(uow: UnitOfWork, limit: int) -> list[tuple[str, UUID, UUID]]:
    """Kind, watch and record."""
    return [
        (row.about["kind"], UUID(row.about["rule_id"]), UUID(row.about["record_id"]))
        for row in await held_work.due_again(uow, STEP, limit)
    ]


def _item(rule_id: UUID, record_id: UUID) -> str:
    return f"{rule_id}:{record_id}"

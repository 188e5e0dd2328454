"""Evaluates rules for records. A bad rule stops itself and no other, and a bad record is held
back alone: it keeps what the rule decided before, and says why.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

from prometheus_client import Counter

from accounts_api.evaluation.rule_kinds.evaluators import Affected, Evaluators, Trigger, in_order
from shared import held_work
from shared.batches import is_transient, isolate_failures
from shared.db import sqlstate
from shared.logging import get_logger
from shared.rules.types.context import EvaluationContext
from shared.sqlstates import QUERY_CANCELED
from shared.uow import UnitOfWork

log = get_logger(__name__)
FAILURES = Counter("tenure_rule_failures_total", "Rules that could not be evaluated")
BAD_RECORDS: Final = 8
"""Of one rule, in one batch: when it fails on more of them, the rule is to blame."""
STEP: Final = "rules"


async def evaluate(
    uow: UnitOfWork,
    affected: Mapping[str, Mapping[UUID, Mapping[UUID, Trigger]]],
    context: EvaluationContext,
) -> None:
    for kind, rules in in_order(affected):
        await evaluate_kind(uow, kind, rules, context)


async def evaluate_kind(
    uow: UnitOfWork, kind: str, affected: Affected, context: EvaluationContext
) -> int | None:
    """All together; if that fails, one by one, so that a bad rule stops itself and no other. How
    many verdicts differed; None when one rule could not be evaluated and was quarantined.
    """
    evaluator, quarantined = uow.wired(Evaluators).by_kind[kind], False

    async def evaluate(rule_ids: Sequence[UUID]) -> int:
        batch = {rule_id: affected[rule_id] for rule_id in rule_ids}
        differing = await evaluator.evaluate(uow, batch, context)
        await release(uow, batch)
        return differing

    async def by_record(rule_id: UUID, error: Exception) -> None:
        nonlocal quarantined
        differing = await _evaluate_records(uow, kind, rule_id, affected[rule_id], context, error)
        if differing is None:
            quarantined = True
        else:
            more.append(differing)

    more: list[int] = []
    evaluated = await isolate_failures(uow, list(affected), evaluate, by_record)
    return None if quarantined and len(affected) == 1 else sum(evaluated) + sum(more)


class _RuleFails(Exception):
    """So many records fail that the rule is to blame."""


async def _evaluate_records(
    uow: UnitOfWork,
    kind: str,
    rule_id: UUID,
    records: Mapping[UUID, Trigger],
    context: EvaluationContext,
    error: Exception,
) -> int | None:
    """After a rule failed: without the records that are to blame, which are held back. If there
    are many of them, or if it fails without any, the rule is quarantined: None.
    """
    evaluator, failed = uow.wired(Evaluators).by_kind[kind], 0

    async def evaluate(ids: Sequence[UUID]) -> int:
        batch = {rule_id: {id_: records[id_] for id_ in ids}}
        differing = await evaluator.evaluate(uow, batch, context)
        await release(uow, batch)
        return differing

    async def hold(record_id: UUID, reason: Exception) -> None:
        nonlocal failed
        failed += 1
        if failed > BAD_RECORDS:
            raise _RuleFails
        await hold_record(uow, kind, rule_id, record_id, reason)

    published, cause = len(uow.events), uow.cause
    timed_out = sqlstate(error) == QUERY_CANCELED
    try:
        if not timed_out:
            async with uow.savepoint():
                await evaluate([])
                return sum(await isolate_failures(uow, list(records), evaluate, hold))
    except Exception as again:
        if is_transient(again):
            raise
        uow.take_back(published)
        uow.cause = cause
    FAILURES.inc()
    log.error("a rule was quarantined", rule_id=str(rule_id), exc_info=error)
    await evaluator.quarantine(uow, rule_id, "too_expensive" if timed_out else "failed")
    return None


async def hold_record(
    uow: UnitOfWork, kind: str, rule_id: UUID, record_id: UUID, error: Exception
) -> None:
    about = {"kind": kind, "rule_id": str(rule_id), "record_id": str(record_id)}
    await held_work.hold(uow, STEP, _item(rule_id, record_id), error, about)


async def release(uow: UnitOfWork, evaluated: Mapping[UUID, Collection[UUID]]) -> None:
    """Those that could be evaluated now, by rule."""

    def succeeded(item: str) -> bool:
        rule_id, record_id = map(UUID, item.split(":"))
        return record_id in evaluated.get(rule_id, ())

    await held_work.release(uow, STEP, succeeded)


async def due_for_retry(uow: UnitOfWork, limit: int) -> list[tuple[str, UUID, UUID]]:
    """Kind, rule and record."""
    return [
        (row.about["kind"], UUID(row.about["rule_id"]), UUID(row.about["record_id"]))
        for row in await held_work.due_for_retry(uow, STEP, limit)
    ]


def _item(rule_id: UUID, record_id: UUID) -> str:
    return f"{rule_id}:{record_id}"

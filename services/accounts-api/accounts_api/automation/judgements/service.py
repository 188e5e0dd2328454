from collections.abc import Mapping
from typing import Any

from accounts_api.automation.judgements import queries
from accounts_api.automation.judgements.asked import Asked, pointed, understood
from accounts_api.automation.judgements.schemas import JudgementsIn, QuestionIn, SnapshotsIn
from accounts_api.evaluation.rule_sets import rule_input
from accounts_api.evaluation.rule_sets.segment_keys import segments_by_key
from accounts_api.records.schema import record_catalog
from shared.errors import Conflict, Fault, Invalid
from shared.feed.places import has_read
from shared.lists import moment
from shared.lists.filters import checked, in_time, refused
from shared.rules.interpreter.depends import dependencies
from shared.rules.interpreter.explain import explain
from shared.rules.interpreter.snapshots import read_snapshot
from shared.rules.syntax.faults import RuleFaulty
from shared.rules.syntax.json_codec import write_json
from shared.rules.syntax.printer import write_text
from shared.rules.types.catalog import Catalog
from shared.rules.types.context import EvaluationContext
from shared.settings import ServiceName
from shared.uow import UnitOfWork


class FeedNotReadYet(Conflict):
    code = "feed_not_read_yet"
    title = "What the asker published before was not read yet"
    retryable = True


async def asked_of(uow: UnitOfWork, catalog: Catalog, data: JudgementsIn | SnapshotsIn) -> Asked:
    """What a request asks. Keys of segments are looked up where there are some, so that rules by
    ids need no other catalog than the one for which they were understood before. Raises `Invalid`.
    """
    asked = data.record_type, data.rules, data.fields
    try:
        return understood(catalog, *asked)
    except Invalid as refusal:
        if all(fault.code != "unknown_segment" for fault in refusal.faults):
            raise
    _, ids = await segments_by_key(uow)
    return understood(catalog.with_names(None, None, ids), *asked)


async def judge(uow: UnitOfWork, asker: ServiceName, data: JudgementsIn) -> dict[str, Any]:
    """Verdicts on live records; ids of others are `missing`. Raises `Invalid` with every fault, or
    `FeedNotReadYet`.
    """
    if data.feed_place is not None and not await has_read(uow, asker, data.feed_place):
        raise FeedNotReadYet("Ask again in a moment.", retry_after=1)
    catalog = await record_catalog.rule_catalog(uow)
    asked = await asked_of(uow, catalog, data)
    context = await moment.evaluation_context(uow)
    needed = None
    if data.fields or (data.explain and data.rules):
        needed = asked.needs(lambda _: (), of_rules=data.explain)
    with in_time("/rules"):
        rows = await queries.judged(
            uow, asked.evaluated, data.ids, needed, context, asked.reads, asked.shown
        )
    found = {str(row.record_id): _judged(row, asked, needed, context, data) for row in rows}
    return {
        "at": context.now,
        "records": found,
        "missing": [id_ for id_ in dict.fromkeys(map(str, data.ids)) if id_ not in found],
    }


def _judged(
    row: queries.Judged,
    asked: Asked,
    needed: Any,
    context: EvaluationContext,
    data: JudgementsIn,
) -> dict[str, Any]:
    judged: dict[str, Any] = {
        "version": row.version,
        "verdicts": dict(zip(asked.rules, row.matched, strict=False)),
        "flips_at": dict(zip(asked.rules, row.next_changes, strict=False)),
    }
    if row.seen is None:
        return judged
    record = read_snapshot(needed, row.seen)
    if data.fields:
        judged["values"] = {read.name: read.value(record) for read in asked.fields}
    if data.explain:
        judged["why"] = {
            place: explain(rule, record, context).as_json() for place, rule in asked.rules.items()
        }
    return judged


async def check_questions(
    uow: UnitOfWork, questions: Mapping[str, QuestionIn]
) -> dict[str, dict[str, Any]]:
    """What each rule is in both forms and what it reads, or every fault of it: a faulty rule is an
    answer, not a refusal.
    """
    catalog = await rule_input.rule_catalog(uow)
    return {place: _checked(catalog, place, asked) for place, asked in questions.items()}


def _checked(catalog: Catalog, place: str, asked: QuestionIn) -> dict[str, Any]:
    pointer = f"/questions/{pointed(place)}"
    if asked.record_type not in catalog.types:
        message = f"There is no record type {asked.record_type!r} here."
        fault = Fault(f"{pointer}/record_type", "unknown_record_type", message)
        return _faulty([fault.as_json()])
    try:
        rule = checked(asked.rule, catalog, asked.record_type)
    except RuleFaulty as faulty:
        return _faulty([fault.as_json() for fault in refused(faulty, f"{pointer}/rule").faults])
    return {
        "valid": True,
        "rule": write_json(rule.written),
        "rule_text": write_text(rule.written),
        "moves": rule.root.asks.moves,
        "reads": [
            {"record_type": each.record_type, "what": each.what, "path": list(each.path)}
            for each in sorted(dependencies(rule))
        ],
        "faults": [],
    }


def _faulty(faults: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "valid": False,
        "rule": None,
        "rule_text": None,
        "moves": False,
        "reads": [],
        "faults": faults,
    }

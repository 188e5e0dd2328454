from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.rule_sets.rules import rule_of
from accounts_api.evaluation.rule_sets.segment_keys import keys_of
from accounts_api.evaluation.rule_sets.snapshots import record_seen_by
from accounts_api.identity.members.service import active_members
from accounts_api.records.history.service import must_have_come
from accounts_api.records.schema import record_catalog
from accounts_api.records.schema.errors import RecordNotFound
from accounts_api.records.schema.record_schemas import ACCOUNT, RECORD_SCHEMAS
from accounts_api.records.store.service import living, living_named, state_of
from accounts_api.signals.indicator_actions import queries
from accounts_api.signals.indicator_actions.queries import Wanted
from accounts_api.signals.indicator_actions.rules import silence_faults
from accounts_api.signals.indicator_actions.schemas import (
    AddressIn,
    ClearIn,
    IndicatorIn,
    IndicatorReassignment,
    SilenceIn,
)
from accounts_api.signals.indicator_definitions import service as definitions
from accounts_api.signals.indicator_definitions.rows import IndicatorDefinition
from accounts_api.signals.indicators import service as indicators
from accounts_api.signals.indicators.rows import Indicator
from accounts_api.signals.indicators.rules import IndicatorChangeKind, may
from accounts_api.signals.indicators.service import Facts, changed, opened
from shared.auth import Caller
from shared.errors import Conflict, Fault, Invalid, NotFound
from shared.lists import moment
from shared.lists.service import ListQuery
from shared.paging import CursorSigner
from shared.rules.interpreter.explain import explain
from shared.rules.interpreter.next_change import next_change
from shared.rules.syntax.faults import RuleFaulty
from shared.uow import UnitOfWork
from shared.web.problems import not_stored


class IndicatorNotOpen(Conflict):
    code = "indicator_not_open"
    title = "The state of this indicator does not allow this"


class OpenedByRule(Conflict):
    code = "indicator_opened_by_rule"
    title = "A rule opened this indicator, and clears it"


async def list_indicators(
    uow: UnitOfWork,
    caller: Caller,
    query: ListQuery,
    given: Mapping[str, Any],
    signer: CursorSigner,
) -> dict[str, Any]:
    """`given` are `owner`, `as_of` and fields of `Wanted`. Raises `Invalid`."""
    wanted = {name: value for name, value in given.items() if name not in {"owner", "as_of"}}
    as_of = given.get("as_of")
    await must_have_come(uow, as_of, f"{query.pointers}/as_of")
    owner, named = given.get("owner"), given.get("definition_id")
    if owner == "me" and caller.member_id is None:
        message = "This key belongs to no member: name the owner by id."
        raise Invalid(message, faults=[Fault(f"{query.pointers}/owner", "no_member", message)])
    if owner is not None:
        wanted["owner_id"] = caller.member_id if owner == "me" else UUID(owner)
    if named is not None:
        pointer = f"{query.pointers}/definition_id"
        wanted["definition_id"] = await definitions.KEYS.named(uow, named, pointer)
    page = await queries.indicators_page(uow, query, signer, Wanted(**wanted), as_of)
    return {**page, "data": await shown(uow, page["data"])}


async def list_of_account(
    uow: UnitOfWork,
    caller: Caller,
    account_id: UUID,
    query: ListQuery,
    given: Mapping[str, Any],
    signer: CursorSigner,
) -> dict[str, Any]:
    """Raises `RecordNotFound`, and `Invalid`."""
    state = await state_of(uow, ACCOUNT, account_id)
    if state is None or state["deleted"]:
        raise RecordNotFound("There is no account with this id.")
    of_account = {**given, "account_id": account_id}
    return await list_indicators(uow, caller, query, of_account, signer)


async def create_indicator(uow: UnitOfWork, data: IndicatorIn) -> tuple[dict[str, Any], bool]:
    """The indicator and whether it is new: while one of the same cause is live, that one is the
    answer. Raises `Invalid` with every fault.
    """
    definition, faults = await _definition_named(uow, data.definition_id)
    record_id = None
    if (data.record_id is None) == (data.record_external_id is None):
        message = "Name the record by `record_id` or by `record_external_id`."
        faults.append(Fault("/record_id", "one_of", message))
    elif definition is not None:
        record_id, missing = await _record_named(uow, definition, data)
        faults += missing
    faults += await _owner_faults(uow, data.owner_id)
    if faults or definition is None or record_id is None:
        raise not_stored(faults)
    await queries.share_definition(uow, definition.id)
    facts = await _facts(uow, definition, record_id)
    by_hand: dict[str, Any] = {"cause": data.cause or definition.key, "note": data.note}
    if data.owner_id is not None:
        by_hand |= {"owner_id": data.owner_id, "owner_by_hand": True}
    at = await uow.now()
    move = opened(definition, facts, at, "person", **by_hand)
    made = await indicators.apply(uow, definition, [move], at)
    await _look_again(uow, definition, record_id)
    live = await indicators.live_of_cause(uow, definition.id, record_id, by_hand["cause"])
    if live is None:
        raise Conflict("The indicator of this cause was just cleared; try again.")
    return (await shown(uow, [live]))[0], bool(made)


async def get_indicator(uow: UnitOfWork, indicator_id: UUID) -> dict[str, Any]:
    return (await shown(uow, [await indicators.get_indicator(uow, indicator_id)]))[0]


async def address_indicator(
    uow: UnitOfWork, caller: Caller, indicator_id: UUID, data: AddressIn
) -> dict[str, Any]:
    """It counts no more while its rule still holds."""
    given = {"addressed_at": await uow.now(), "addressed_by": caller.member_id, "note": data.note}
    return await _change(uow, indicator_id, "addressed", given)


async def silence_indicator(uow: UnitOfWork, indicator_id: UUID, data: SilenceIn) -> dict[str, Any]:
    """Raises `Invalid` for an end that is past, or more than a year ahead."""
    faults = silence_faults(data.until, await uow.now())
    if faults:
        raise not_stored(faults)
    given = {"silenced_until": data.until, "note": data.note}
    return await _change(uow, indicator_id, "silenced", given)


async def clear_indicator(uow: UnitOfWork, indicator_id: UUID, data: ClearIn) -> dict[str, Any]:
    """One that a person opened: raises `OpenedByRule` for others."""
    given = {"cleared_at": await uow.now(), "cleared_by": "person", "note": data.note}
    return await _change(uow, indicator_id, "cleared", given, by_hand_alone=True)


async def reassign_indicator(
    uow: UnitOfWork, indicator_id: UUID, data: IndicatorReassignment
) -> dict[str, Any]:
    """An owner that it has already changes nothing."""
    faults = await _owner_faults(uow, data.owner_id)
    if faults:
        raise not_stored(faults)
    indicator, definition, facts = await _locked(uow, indicator_id, "reassigned")
    by_hand = data.owner_id is not None
    owner_id = data.owner_id if by_hand else facts.holder_id
    if (owner_id, by_hand) != (indicator.owner_id, indicator.owner_by_hand):
        move = changed(indicator, "reassigned", facts, owner_id=owner_id, owner_by_hand=by_hand)
        await indicators.apply(uow, definition, [move], await uow.now())
        await _look_again(uow, definition, indicator.record_id)
    return await get_indicator(uow, indicator_id)


async def explain_indicator(uow: UnitOfWork, indicator_id: UUID) -> dict[str, Any]:
    """What the rule found at the opening, and what it finds now."""
    indicator = await indicators.get_indicator(uow, indicator_id)
    (definition,) = await definitions.definitions_by_id(uow, [indicator.definition_id])
    return {
        "indicator_id": indicator.id,
        "state": indicator.state,
        "opened_by": indicator.opened_by,
        "at_opening": indicator.reason,
        **await _explained_now(uow, definition, indicator),
    }


async def list_changes(
    uow: UnitOfWork, indicator_id: UUID, after: int, limit: int
) -> Sequence[Any]:
    """Oldest first; one more than `limit`, if there are more."""
    await indicators.get_indicator(uow, indicator_id)
    return await indicators.changes_of(uow, indicator_id, after, limit)


async def shown(uow: UnitOfWork, found: Sequence[Indicator]) -> list[dict[str, Any]]:
    ids = {one.definition_id for one in found}
    known = {each.id: each for each in await definitions.definitions_by_id(uow, ids)}
    return [
        {
            **asdict(one),
            "definition_key": known[one.definition_id].key,
            "title": known[one.definition_id].title,
        }
        for one in found
    ]


async def _change(
    uow: UnitOfWork,
    indicator_id: UUID,
    change: IndicatorChangeKind,
    given: Mapping[str, Any],
    *,
    by_hand_alone: bool = False,
) -> dict[str, Any]:
    indicator, definition, facts = await _locked(uow, indicator_id, change)
    if by_hand_alone and indicator.opened_by == "rule":
        raise OpenedByRule("It is cleared when its rule holds no more: address it, or silence it.")
    at = await uow.now()
    await indicators.apply(uow, definition, [changed(indicator, change, facts, **given)], at)
    await _look_again(uow, definition, indicator.record_id)
    return await get_indicator(uow, indicator_id)


async def _look_again(uow: UnitOfWork, definition: IndicatorDefinition, record_id: UUID) -> None:
    """The worker sees when it is to be open again, whether the rule holds in its place, and whether
    the record is still there.
    """
    what = definitions.own_dependency(definition.id)
    at = await uow.now()
    await engine.record_change(uow, definition.record_type, [what], [record_id], at)


async def _locked(
    uow: UnitOfWork, indicator_id: UUID, change: IndicatorChangeKind
) -> tuple[Indicator, IndicatorDefinition, Facts]:
    """Raises `IndicatorNotOpen` for one that may not change so."""
    indicator = await indicators.get_indicator(uow, indicator_id, lock=True)
    if not may(change, indicator.state):
        raise IndicatorNotOpen(f"It is {indicator.state}.", state=indicator.state)
    (definition,) = await definitions.definitions_by_id(uow, [indicator.definition_id])
    return indicator, definition, await _facts(uow, definition, indicator.record_id)


async def _facts(uow: UnitOfWork, definition: IndicatorDefinition, record_id: UUID) -> Facts:
    found = await indicators.facts_of(
        uow, definition.record_type, [record_id], definition.owner_key_role
    )
    return found[record_id]


async def _definition_named(
    uow: UnitOfWork, named: str
) -> tuple[IndicatorDefinition | None, list[Fault]]:
    try:
        definition_id = await definitions.KEYS.named(uow, named, "/definition_id")
    except Invalid as refusal:
        return None, list(refusal.faults)
    found = await definitions.definitions_by_id(uow, [definition_id])
    if not found:
        message = "There is no definition of an indicator with this id."
        return None, [Fault("/definition_id", "unknown_indicator_definition", message)]
    if found[0].archived_at is not None:
        message = "This definition was archived: choose another."
        return None, [Fault("/definition_id", "indicator_definition_archived", message)]
    return found[0], []


async def _record_named(
    uow: UnitOfWork, definition: IndicatorDefinition, data: IndicatorIn
) -> tuple[UUID | None, list[Fault]]:
    """One that was merged away stands for its winner."""
    schema = RECORD_SCHEMAS[definition.record_type]
    code, message = f"unknown_{schema.record_type}", f"There is no such {schema.record_type}."
    if data.record_id is not None:
        by_id = await living(uow, schema, [str(data.record_id)])
        found = by_id.get(str(data.record_id))
        if found is None:
            return None, [Fault("/record_id", code, message)]
        return UUID(found), []
    named = await living_named(uow, schema, [data.record_external_id or ""])
    record_id = named.get(data.record_external_id)
    if record_id is None:
        return None, [Fault("/record_external_id", code, message)]
    return record_id, []


async def _owner_faults(uow: UnitOfWork, owner_id: UUID | None) -> list[Fault]:
    if owner_id is None or owner_id in await active_members(uow, [owner_id]):
        return []
    return [Fault("/owner_id", "unknown_member", "There is no such active member.")]


async def _explained_now(
    uow: UnitOfWork, definition: IndicatorDefinition, indicator: Indicator
) -> dict[str, Any]:
    unknown = {"verdict": None, "next_check_at": None, "now": None}
    if definition.rule is None:
        return unknown
    catalog = await record_catalog.rule_catalog(uow)
    context = await moment.evaluation_context(uow)
    try:
        rule = rule_of(catalog, definition.record_type, to_json(definition.rule).decode())
        record = await record_seen_by(uow, rule, indicator.record_id, context)
    except (RuleFaulty, NotFound):
        return unknown
    explanation = explain(rule, record, context, await keys_of(uow, [rule]))
    return {
        "verdict": explanation.verdict,
        "next_check_at": next_change(rule, record, context),
        "now": explanation.as_json(),
    }

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json

from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.rule_sets import rule_input
from accounts_api.evaluation.rule_sets.rules import effective_rule
from accounts_api.evaluation.rule_sets.segment_keys import keys_of
from accounts_api.evaluation.usages import service as usage
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.records.holdings.service import known_key_roles
from accounts_api.records.schema import record_catalog
from accounts_api.signals.indicator_definitions import queries
from accounts_api.signals.indicator_definitions.queries import definitions_by_id, set_faults
from accounts_api.signals.indicator_definitions.rows import IndicatorDefinition
from accounts_api.signals.indicator_definitions.rules import (
    count_field,
    key_role_faults,
    own_dependency,
    read_by,
)
from accounts_api.signals.indicator_definitions.schemas import (
    IndicatorDefinitionIn,
    IndicatorDefinitionPatch,
)
from shared.db import refuse
from shared.errors import Conflict, Fault, NotFound, check_version
from shared.keys import Keys, KeyTaken
from shared.lists import filters
from shared.rules.interpreter.depends import Dependency, dependencies, role_dependency
from shared.rules.syntax.json_codec import write_json
from shared.rules.syntax.stored import shown_rule
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork
from shared.usages import Usage
from shared.web.problems import not_stored

__all__ = [
    "count_field",
    "definitions_by_id",
    "key_role_faults",
    "own_dependency",
    "set_faults",
]

KIND: Final = "indicator"
SUBJECT: Final = "indicator_definition"
KEYS: Final = Keys(SUBJECT, "indicator_definitions", "archived_at is null")
_WRITTEN: Final = (
    "key",
    "title",
    "description",
    "kind",
    "severity",
    "record_type",
    "rule",
    "owner_key_role",
    "hold_minutes",
    "reopen_after_days",
    "call_to_action",
    "quiet",
)
_EVALUATED: Final = frozenset({"rule", "owner_key_role", "hold_minutes"})
"""What of a definition is evaluated for every record when it changes."""


class IndicatorDefinitionNotFound(NotFound):
    code = "indicator_definition_not_found"
    title = "There is no such definition of an indicator"


class IndicatorTitleTaken(Conflict):
    code = "indicator_definition_title_taken"
    title = "Another indicator has this title"


class IndicatorDefinitionArchived(Conflict):
    code = "indicator_definition_archived"
    title = "This definition of an indicator was archived"


async def create_definition(uow: UnitOfWork, data: IndicatorDefinitionIn) -> dict[str, Any]:
    """The definition, at once; what its rule finds is opened by the worker."""
    given = data.model_dump()
    values = {**given, **await _checked(uow, given, data.record_type, data.kind)}
    values["key"] = await KEYS.key_for(uow, data.key, data.title)
    async with _refusals(values["key"], data.title):
        definition = await queries.add_definition(uow, values)
    await _register(uow, definition)
    await _audit(uow, "created", definition.id, after=_audited(definition))
    return await shown(uow, definition)


async def get_definition(uow: UnitOfWork, definition_id: UUID) -> dict[str, Any]:
    return await shown(uow, await definition_named(uow, definition_id))


async def list_definitions(
    uow: UnitOfWork,
    *,
    kind: str | None,
    record_type: str | None,
    archived: bool,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """By title; one more than `limit`, if there are more."""
    found = await queries.definitions_page(
        uow,
        kind=kind,
        record_type=record_type,
        archived=archived,
        after=after,
        limit=limit + 1,
    )
    return await _all_shown(uow, found)


async def update_definition(
    uow: UnitOfWork, definition_id: UUID, data: IndicatorDefinitionPatch, version: int | None
) -> dict[str, Any]:
    """Another rule, hold or key role makes the worker evaluate every record again."""
    before = await live_definition(uow, definition_id, lock=True)
    check_version(version, before.version)
    changes = data.changes()
    missing = [name for name in ("title", "severity", "quiet") if changes.get(name, "") is None]
    changes |= await _checked(
        uow,
        changes,
        before.record_type,
        before.kind,
        [Fault(f"/{name}", "required", "Every indicator has one.") for name in missing],
    )
    was, becomes = audit_log.difference(_audited(before), changes)
    if not becomes:
        return await shown(uow, before)
    async with _refusals(before.key, changes.get("title", before.title)):
        definition = await queries.change_definition(uow, definition_id, becomes)
    if "severity" in becomes:
        await queries.change_severity(uow, definition_id, definition.severity)
    if becomes.keys() & _EVALUATED:
        await _register(uow, definition)
    await _audit(uow, "updated", definition_id, before=was, after=becomes)
    return await shown(uow, definition)


async def archive_definition(uow: UnitOfWork, definition_id: UUID, version: int | None) -> None:
    """Its live indicators are cleared by the worker, and stay in the history."""
    definition = await live_definition(uow, definition_id, lock=True)
    check_version(version, definition.version)
    await queries.archive_definition(uow, definition_id)
    await engine.register(uow, definition_id, KIND, definition.record_type, ())
    await _audit(uow, "archived", definition_id, before=_audited(definition))


async def recheck_definition(uow: UnitOfWork, definition_id: UUID) -> dict[str, Any]:
    """Look at every record again; `progress.drift` then says how many were wrong."""
    definition = await live_definition(uow, definition_id)
    await engine.start_backfill(uow, definition_id, repeated=True)
    return await shown(uow, definition)


async def usages_of(uow: UnitOfWork, definition_id: UUID) -> usage.Used:
    """`records` counts those that have an open indicator of it."""
    await definition_named(uow, definition_id)
    counts = await queries.open_counts(uow, [definition_id])
    return usage.Used([], [], counts.get(definition_id, 0))


async def find_usages(uow: UnitOfWork, what: str, _: str | None, key: str) -> list[Usage]:
    """The indicators whose rules ask for a member, or whose task a key role's holder does. Of all
    else the engine knows who depends on it.
    """
    match what:
        case "member":
            found = await queries.definitions_naming(uow, key)
        case "key_role":
            known = await engine.rules_reading(uow, KIND, "account", role_dependency(key))
            assigned = await queries.definitions_by_assignee(uow, key)
            found = [each for each in assigned if each.id not in known]
        case _:
            return []
    return [_usage(each) for each in found]


async def usages(uow: UnitOfWork, ids: Sequence[UUID], _: Dependency) -> Sequence[Usage]:
    """The definitions among rules that see something, as a refusal names them."""
    found = await queries.definitions_by_id(uow, ids)
    return [_usage(each) for each in sorted(found, key=lambda each: (each.title, each.id))]


async def outputs(uow: UnitOfWork) -> dict[UUID, engine.Output]:
    """Other rules may ask how many open ones a record has."""
    return {
        each.id: engine.Output(
            f"indicator {each.title}",
            frozenset({Dependency(each.record_type, count_field(each.kind))}),
        )
        for each in await queries.live_definitions(uow)
    }


async def quarantine(uow: UnitOfWork, definition_id: UUID, reason: str) -> None:
    """Its indicators stand still. A backfill tries again once a day, and when asked."""
    message = "The rule could not be evaluated on this workspace's data."
    await set_faults(uow, definition_id, [{"code": reason, "message": message}])


async def definition_named(uow: UnitOfWork, definition_id: UUID) -> IndicatorDefinition:
    """Archived ones too."""
    found = await queries.definition_by_id(uow, definition_id)
    if found is None:
        raise IndicatorDefinitionNotFound("There is no definition of an indicator with this id.")
    return found


async def live_definition(
    uow: UnitOfWork, definition_id: UUID, *, lock: bool = False
) -> IndicatorDefinition:
    found = await queries.definition_by_id(uow, definition_id, lock=lock)
    if found is None:
        raise IndicatorDefinitionNotFound("There is no definition of an indicator with this id.")
    if found.archived_at is not None:
        raise IndicatorDefinitionArchived(f"It was archived on {found.archived_at:%d %B %Y}.")
    return found


async def shown(uow: UnitOfWork, definition: IndicatorDefinition) -> dict[str, Any]:
    return (await _all_shown(uow, [definition]))[0]


async def _all_shown(uow: UnitOfWork, found: Sequence[IndicatorDefinition]) -> list[dict[str, Any]]:
    ids = [each.id for each in found]
    counts = await queries.open_counts(uow, ids)
    backfills = await engine.backfills_of(uow, ids)
    keys = await keys_of(uow, [each.rule for each in found if each.rule is not None])
    answer = []
    for each in found:
        rule: Mapping[str, Any] = {"rule": None, "rule_text": None, "faults": each.faults or []}
        if each.rule is not None:
            rule = shown_rule(each.rule, each.faults, keys)
        backfill = backfills.get(each.id)
        stamps = ("id", "version", "archived_at", "created_at", "updated_at")
        answer.append(
            {
                **{name: getattr(each, name) for name in (*_WRITTEN, *stamps)},
                **rule,
                "open": counts.get(each.id, 0),
                "progress": None if backfill is None else backfill.as_json(),
            }
        )
    return answer


async def _checked(
    uow: UnitOfWork,
    given: Mapping[str, Any],
    record_type: str,
    kind: str,
    faults: Sequence[Fault] = (),
) -> dict[str, Any]:
    """What is stored of a rule that is given. Raises `Invalid` with every fault at once."""
    call = given.get("call_to_action") or {}
    named = [
        ("/owner_key_role", given.get("owner_key_role")),
        ("/call_to_action/assignee_key_role", call.get("assignee_key_role")),
    ]
    found = [*faults, *key_role_faults(named, await known_key_roles(uow))]
    if given.get("rule") is not None:
        catalog = await rule_input.rule_catalog(uow)
        rule = rule_input.usable_beside(
            found, lambda: filters.usable(given["rule"], catalog, record_type, "/rule")
        )
        own = (record_type, count_field(kind))
        if any((each.record_type, each.what) == own for each in dependencies(rule)):
            message = "What it counts would depend on itself."
            raise not_stored([Fault("/rule", "rule_cycle", message)])
        return {"rule": write_json(rule.written)}
    if found:
        raise not_stored(found)
    return {}


async def _register(uow: UnitOfWork, definition: IndicatorDefinition) -> None:
    rule: Rule | None = None
    if definition.rule is not None:
        catalog = await record_catalog.rule_catalog(uow)
        document = to_json(definition.rule).decode()
        rule = effective_rule(catalog, definition.record_type, document)
    reads = read_by(definition.id, definition.record_type, rule, definition.owner_key_role)
    await engine.register(uow, definition.id, KIND, definition.record_type, reads)


async def _audit(
    uow: UnitOfWork,
    action: str,
    definition_id: UUID,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    done = f"{SUBJECT}.{action}"
    await audit_log.record(uow, done, SUBJECT, definition_id, before=before, after=after)


def _audited(definition: IndicatorDefinition) -> dict[str, Any]:
    return {name: getattr(definition, name) for name in _WRITTEN}


def _usage(definition: IndicatorDefinition) -> Usage:
    return Usage(SUBJECT, str(definition.id), definition.title)


@asynccontextmanager
async def _refusals(key: str, title: str) -> AsyncIterator[None]:
    async with (
        refuse(
            "uq_indicator_definitions_workspace_id_key",
            KeyTaken(f"Another indicator has the key {key!r}."),
        ),
        refuse(
            "uq_indicator_definitions_workspace_id_title",
            IndicatorTitleTaken(f"{title!r} is taken."),
        ),
    ):
        yield

"""Computes the values of formula traits."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from accounts_api.customers.formulas import queries
from accounts_api.customers.formulas.moving import Usable, moving_formulas, with_value
from accounts_api.customers.formulas.queries import FormulaTrait
from accounts_api.customers.formulas.service import as_user, faults_of, usable
from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.rule_kinds.evaluators import Affected
from accounts_api.language.formula_interpreter.depends import needs
from accounts_api.language.formula_interpreter.next_change import next_change
from accounts_api.records.editing.edits import OURSELVES, Edit
from accounts_api.records.editing.record_formulas import formula_link, in_order
from accounts_api.records.schema import record_catalog
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.schema.rules import same
from accounts_api.records.store import service as store
from shared.events.base import Cause
from shared.rules.interpreter.depends import Dependency
from shared.rules.interpreter.evaluate import Snapshot
from shared.rules.interpreter.needs import Needs
from shared.rules.interpreter.snapshots import read_snapshot
from shared.rules.types.catalog import Catalog
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork, caused_by
from shared.usages import Usage

BATCH: Final = 1_000
REASONS: Final = {
    "too_expensive": "Working this formula out takes too long on this workspace's data.",
    "failed": "This formula could not be worked out; we have been told.",
}


Group = tuple[tuple[Cause, ...], tuple[str, ...]]
"""Edits with one cause, of the same formula traits."""
Refreshed = tuple[tuple[Cause, ...], datetime, tuple[str, ...]]
"""Values that only time has changed, at an instant."""


async def evaluate(uow: UnitOfWork, affected: Affected, context: EvaluationContext) -> int:
    """Make the affected records' values what the formulas say. How many differed."""
    found = await queries.formulas(uow, list(affected))
    looked_at = await engine.depended_on(uow, {f"traits.{trait.key}" for trait in found})
    catalog = await record_catalog.rule_catalog(uow)
    changed = 0
    for record_type in sorted({trait.record_type for trait in found}):
        schema = await record_catalog.find_schema(uow, record_type)
        traits = [trait for trait in found if trait.record_type == record_type]
        formulas = [
            one
            for one in await _usable(uow, traits, catalog)
            if not (one.moves and _only_by_time(one, affected, looked_at))
        ]
        ids = sorted({id_ for one in formulas for id_ in affected[one.trait.id]})
        if schema is None or not ids:
            continue
        needed = _needs(formulas, catalog)
        for start in range(0, len(ids), BATCH):
            few = ids[start : start + BATCH]
            loaded = await queries.snapshots(uow, needed, few, context)
            records = {row.id: read_snapshot(needed, row.seen) for row in loaded}
            loaded_records = Loaded(few, records, looked_at)
            changed += await _settle(uow, schema, formulas, affected, loaded_records, context)
    return changed


def _only_by_time(one: Usable, affected: Affected, looked_at: Collection[str]) -> bool:
    """Whether nothing but time has come, to a formula that no rule looks at."""
    if f"traits.{one.trait.key}" in looked_at:
        return False
    return all(trigger.timed for trigger in affected[one.trait.id].values())


async def _usable(
    uow: UnitOfWork, traits: Iterable[FormulaTrait], catalog: Catalog
) -> list[Usable]:
    """Those that can be worked out, each after those it reads. Others stand still, marked."""
    formulas = {}
    moving = {one.trait.id for one in await moving_formulas(uow)}
    for trait in traits:
        faults = faults_of(trait, catalog)
        if faults != trait.faults:
            await queries.set_faults(uow, trait.id, faults)
        if faults is None:
            formula = usable(catalog, trait.record_type, trait.formula)
            formulas[trait.key] = Usable(trait, formula, trait.id in moving)
    order = in_order({key: one.formula for key, one in formulas.items()})
    return [formulas[key] for key in order]


def _needs(formulas: Sequence[Usable], catalog: Catalog) -> Needs:
    """What the formulas read, and the values that are stored."""
    found = needs(*(one.formula for one in formulas))
    fields = catalog.scope(found.type.name).fields
    for one in formulas:
        found.fields[f"traits.{one.trait.key}"] = fields[f"traits.{one.trait.key}"]
    return found


@dataclass(frozen=True, slots=True)
class Loaded:
    ids: Sequence[UUID]
    records: Mapping[UUID, Snapshot]
    looked_at: Collection[str]
    """Which of the formulas any rule reads: `traits.tier`."""


async def _settle(
    uow: UnitOfWork,
    schema: RecordSchema,
    formulas: Sequence[Usable],
    affected: Affected,
    loaded: Loaded,
    context: EvaluationContext,
) -> int:
    """What only time has changed is stored where a rule looks at it, and told to nobody else:
    whoever reads a record works that out.
    """
    groups: dict[Group, list[Edit]] = defaultdict(list)
    refreshed: dict[Refreshed, list[dict[str, Any]]] = defaultdict(list)
    next_changes: list[tuple[UUID, UUID, datetime | None]] = []
    for record_id in loaded.ids:
        seen = loaded.records.get(record_id)
        differing: dict[str, Any] = {}
        triggers = []
        for one in formulas:
            trigger = affected[one.trait.id].get(record_id)
            is_looked_at = f"traits.{one.trait.key}" in loaded.looked_at
            if trigger is None or (trigger.timed and one.moves and not is_looked_at):
                continue
            if one.formula.root.asks.moves and is_looked_at:
                at = next_change(one.formula, seen, context) if seen else None
                next_changes.append((one.trait.id, record_id, at))
            if seen is None:
                continue
            value = one.value(seen, context)
            if not same(_stored(seen.traits.get(one.trait.key)), value):
                differing[one.trait.key] = value
                triggers.append(replace(trigger, timed=trigger.timed and one.moves))
                # those that read it come later, and read what it is now
                seen = with_value(seen, one.trait.key, value)
        if not differing:
            continue
        cause, keys = triggers[-1].cause, tuple(differing)
        if all(trigger.timed for trigger in triggers):
            row = {"id": record_id, "traits": differing}
            refreshed[cause, triggers[-1].at, keys].append(row)
        else:
            edit = Edit(mode="update", id=str(record_id), computed=differing)
            groups[cause, keys].append(edit)
    await engine.set_next_changes(uow, next_changes)
    await _refresh(uow, schema, refreshed)
    return await _store(uow, schema, {one.trait.key: one.trait for one in formulas}, groups)


async def _refresh(
    uow: UnitOfWork,
    schema: RecordSchema,
    refreshed: Mapping[Refreshed, Sequence[Mapping[str, Any]]],
) -> None:
    for (cause, at, keys), rows in refreshed.items():
        await store.refresh_traits(uow, schema, rows)
        what = [f"traits.{key}" for key in keys]
        ids = [row["id"] for row in rows]
        async with caused_by(uow, cause):
            await engine.record_change(uow, schema.record_type, what, ids, at, timed=True)


def _stored(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


async def _store(
    uow: UnitOfWork,
    schema: RecordSchema,
    traits: Mapping[str, FormulaTrait],
    groups: Mapping[Group, Sequence[Edit]],
) -> int:
    """The cause of a value goes back to the change, by way of its formula."""
    changed = 0
    for (cause, keys), edits in groups.items():
        async with caused_by(uow, (*cause, formula_link(str(traits[keys[0]].id), keys[0]))):
            outcomes = await store.write(uow, schema, edits, OURSELVES)
        changed += sum(outcome.status == "updated" for outcome in outcomes)
    return changed


async def quarantine(uow: UnitOfWork, trait_id: UUID, reason: str) -> None:
    """Values stand still. A backfill tries again once a day."""
    faults = [{"code": reason, "message": REASONS[reason]}]
    await queries.set_faults(uow, trait_id, faults)


async def usages(uow: UnitOfWork, ids: Sequence[UUID], _: Dependency) -> Sequence[Usage]:
    """The formulas that read something, as a refusal names them."""
    found = await queries.formulas(uow, ids)
    return [as_user(trait) for trait in sorted(found, key=lambda trait: (trait.title, trait.id))]


async def outputs(uow: UnitOfWork) -> dict[UUID, engine.Output]:
    """Rules and other formulas may read the values."""
    return {
        trait.id: engine.Output(
            f"{trait.record_type} traits.{trait.key}",
            frozenset({Dependency(trait.record_type, f"traits.{trait.key}")}),
        )
        for trait in await queries.formulas(uow, None)
    }

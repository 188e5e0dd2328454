"""Formula traits that time alone may change: `days_between(today(), …)`, or what reads such a one.
What they are at an instant is worked out by whoever reads them.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from accounts_api.customers.formulas import queries
from accounts_api.customers.formulas.queries import FormulaTrait
from accounts_api.customers.formulas.service import faults_of, usable
from accounts_api.evaluation.engine import service as engine
from accounts_api.language.formula_interpreter.depends import dependencies, needs
from accounts_api.language.formula_interpreter.evaluate import evaluate as value_of
from accounts_api.language.formula_interpreter.kept import kept
from accounts_api.language.formulas.typed import Formula
from accounts_api.language.formulas.values import number
from accounts_api.records.editing.record_formulas import in_order
from accounts_api.records.history.as_of import PointInTime
from accounts_api.records.schema import record_catalog
from accounts_api.records.schema.record_schemas import RecordSchema
from shared.lists.moment import evaluation_context
from shared.rules.interpreter.evaluate import Snapshot
from shared.rules.interpreter.snapshots import read_snapshot
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork

SPEAK_OF_TIME: Final = ("today", "where")
"""Without either of them in its text no formula is moved by time, or reads one that is."""
Moved = Mapping[str, Mapping[str, Any]]
"""By record id and key of the trait, in stored form; None where it has no value."""


@dataclass(frozen=True, slots=True)
class Usable:
    trait: FormulaTrait
    formula: Formula
    moves: bool = False
    """Time alone may change its value, or that of a formula that it reads."""

    def value(self, record: Snapshot, context: EvaluationContext) -> Any:
        """In its stored form."""
        return kept(value_of(self.formula, record, context), self.trait.kept_currency)


def with_value(record: Snapshot, key: str, value: Any) -> Snapshot:
    """As those formulas see it that read this one."""
    now = number(value) if isinstance(value, float) else value
    return replace(record, traits={**record.traits, key: now})


async def moving_formulas(uow: UnitOfWork) -> list[Usable]:
    """Those of all record types that can be worked out."""
    traits = await queries.formulas(uow, None)
    if not any(word in trait.formula for trait in traits for word in SPEAK_OF_TIME):
        return []
    catalog = await record_catalog.rule_catalog(uow)
    found = [
        Usable(trait, usable(catalog, trait.record_type, trait.formula), moves=True)
        for trait in traits
        if faults_of(trait, catalog) is None
    ]
    return _moving(found)


def _moving(
    found: Sequence[Usable], others: AbstractSet[tuple[str, str]] = frozenset()
) -> list[Usable]:
    """With those that read a moving one, of whichever record type, or one of `others`."""
    reads = {
        one.trait.id: {(seen.record_type, seen.what) for seen in dependencies(one.formula)}
        for one in found
    }
    moving = [one for one in found if one.formula.root.asks.moves]
    while True:
        names = {_name(one.trait) for one in moving} | others
        known = {one.trait.id for one in moving}
        more = [o for o in found if o.trait.id not in known and reads[o.trait.id] & names]
        if not more:
            return moving
        moving += more


def _name(trait: FormulaTrait) -> tuple[str, str]:
    return trait.record_type, f"traits.{trait.key}"


async def fields_that_may_move(uow: UnitOfWork) -> set[tuple[str, str]]:
    """Record types and names of fields. A formula that stands still counts: it may go on when
    nobody changes a trait.
    """
    traits = await queries.formulas(uow, None)
    if not traits:
        return set()
    catalog = await record_catalog.rule_catalog(uow)
    standing = {_name(trait) for trait in traits if faults_of(trait, catalog) is not None}
    usables = [
        Usable(trait, usable(catalog, trait.record_type, trait.formula))
        for trait in traits
        if _name(trait) not in standing
    ]
    return standing | {_name(one.trait) for one in _moving(usables, standing)}


async def values_at(
    uow: UnitOfWork,
    schema: RecordSchema,
    ids: Sequence[str] | None,
    point: PointInTime | None = None,
) -> Moved:
    """What time has made of the moving formulas of these records, or of all, now or then."""
    found = await moving_formulas(uow)
    own = {one.trait.key: one for one in found if one.trait.record_type == schema.record_type}
    if not own:
        return {}
    formulas = [own[key] for key in in_order({key: one.formula for key, one in own.items()})]
    context = await evaluation_context(uow)
    if point is not None and point.as_of is not None:
        context = replace(context, now=point.as_of)
    needed = needs(*(one.formula for one in formulas))
    wanted = None if ids is None else [UUID(id_) for id_ in ids]
    loaded = await queries.snapshots(uow, needed, wanted, context, point=point)
    return {
        str(row.id): _values(formulas, read_snapshot(needed, row.seen), context) for row in loaded
    }


async def not_looked_at(
    uow: UnitOfWork, names: AbstractSet[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Those of the formulas, by record type and name, that no rule reads: what is stored of them is
    what they were when something was last written.
    """
    looked_at = await engine.depended_on(uow, {name for _, name in names})
    return {(record_type, name) for record_type, name in names if name not in looked_at}


def _values(
    formulas: Iterable[Usable], record: Snapshot, context: EvaluationContext
) -> Mapping[str, Any]:
    values = {}
    for one in formulas:
        values[one.trait.key] = one.value(record, context)
        record = with_value(record, one.trait.key, values[one.trait.key])
    return values

"""Formula traits as they are defined: checked against what there is, and who reads whom."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from accounts_api.customers.formulas import queries
from accounts_api.customers.formulas.queries import FormulaTrait, SeenRecord
from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.rule_kinds.evaluators import FORMULA
from accounts_api.evaluation.rule_sets import rule_input
from accounts_api.evaluation.rule_sets.segment_keys import keys_by_id
from accounts_api.language.formula_interpreter.depends import dependencies
from accounts_api.language.formulas import nodes as n
from accounts_api.language.formulas.parser import read_formula
from accounts_api.language.formulas.printer import write_formula
from accounts_api.language.formulas.type_check import check_formula, misfit
from accounts_api.language.formulas.typed import Formula
from accounts_api.records.history.as_of import MovedTypes
from accounts_api.records.schema import record_catalog
from shared.errors import Fault
from shared.lists import filters
from shared.rules.interpreter.needs import Needs
from shared.rules.syntax.faults import Fault as RuleFault
from shared.rules.syntax.faults import RuleFaulty, of_what_is_stored
from shared.rules.types.catalog import Catalog
from shared.rules.types.context import EvaluationContext
from shared.traits.definitions import Definition
from shared.traits.fields import trait_field
from shared.uow import UnitOfWork
from shared.usages import Usage

SAMPLES: Final = 20
_ABOUT_RESULT: Final = {"result_type": "/result_type", "different_currencies": "/currency"}


@lru_cache(maxsize=8192)
def usable(catalog: Catalog, record_type: str, text: str) -> Formula:
    """A formula ready for use. Raises `RuleFaulty`."""
    return check_formula(read_formula(text), catalog, record_type)


async def snapshots(
    uow: UnitOfWork,
    needs: Needs,
    ids: Sequence[UUID] | None,
    context: EvaluationContext,
    moved: MovedTypes,
) -> list[SeenRecord]:
    """What formulas see of these living records, or of some of the newest."""
    return await queries.snapshots(uow, needs, ids, context, newest=SAMPLES, moved=moved)


async def read(
    uow: UnitOfWork, record_type: str, definition: Definition
) -> tuple[Formula | None, list[Fault]]:
    """The formula of a definition that is being written, and every fault of it."""
    catalog = await rule_input.rule_catalog(uow)
    known = catalog.scope(record_type).fields
    if definition.result_type is not None and f"traits.{definition.key}" not in known:
        # so that a formula that reads itself is told so, and not that there is no such trait
        own = trait_field(definition)
        catalog = catalog.with_fields({record_type: [own]})
    try:
        formula = usable(catalog, record_type, definition.formula or "")
        read_formula(write_formula(formula.written))  # as it will be kept
    except RuleFaulty as faulty:
        return None, list(filters.refused(faulty, "/formula").faults)
    if definition.result_type is None:
        return formula, []
    wrong = misfit(formula, definition.result_type, definition.currency)
    if wrong is None:
        return formula, []
    extra = {"suggestion": wrong.suggestion} if wrong.suggestion else None
    return formula, [Fault(_ABOUT_RESULT[wrong.code], wrong.code, wrong.message, extra)]


async def with_keys(uow: UnitOfWork, texts: Iterable[str]) -> dict[str, str]:
    """What people are shown of formulas, by how they are stored: segments have their keys of today
    there in place of their ids. One that cannot be read any more is shown as it is stored.
    """
    found: dict[str, n.Node] = {}
    for text in texts:
        with suppress(RuleFaulty), of_what_is_stored():
            found[text] = read_formula(text)
    asked = {segment for node in found.values() for segment in n.segments_in(node)}
    keys = await keys_by_id(uow, asked)
    return {text: write_formula(n.with_segments(node, keys)) for text, node in found.items()}


async def watch(uow: UnitOfWork, trait_id: UUID, record_type: str, formula: Formula) -> None:
    """Work it out for every record, and from now on again when it may change. Raises `Invalid` for
    one that would depend on itself.
    """
    await engine.register(uow, trait_id, FORMULA, record_type, dependencies(formula))


def faults_of(trait: FormulaTrait, catalog: Catalog) -> list[dict[str, Any]] | None:
    """Why a stored formula can be used no more."""
    try:
        with of_what_is_stored():
            formula = usable(catalog, trait.record_type, trait.formula)
    except RuleFaulty as faulty:
        return faulty.as_errors()
    wrong: RuleFault | None = misfit(formula, trait.result_type, trait.currency)
    return [wrong.as_error()] if wrong else None


async def recheck(
    uow: UnitOfWork, record_type: str, key: str, *, other_values: bool = True
) -> list[Usage]:
    """A trait is not what it was: the formulas that read it stand still and say why, or are worked
    out again if its values are others than before. Those that this brought to a stand.
    """
    ids = await engine.rules_reading(uow, FORMULA, record_type, f"traits.{key}")
    found = await queries.formulas(uow, ids) if ids else []
    return await _check_again(uow, found, other_values=other_values)


async def mend(uow: UnitOfWork) -> None:
    """There is something new to read: formulas that stood still may go on."""
    faulty = await queries.faulty_formulas(uow)
    await _check_again(uow, faulty, other_values=False)


async def _check_again(
    uow: UnitOfWork, found: Sequence[FormulaTrait], *, other_values: bool
) -> list[Usage]:
    stopped = []
    catalog = await record_catalog.rule_catalog(uow) if found else None
    for trait in found:
        faults = faults_of(trait, catalog) if catalog else None
        if faults != trait.faults:
            await queries.set_faults(uow, trait.id, faults)
        if faults is None and (other_values or trait.faults is not None):
            await engine.start_backfill(uow, trait.id)
        if faults is not None and trait.faults is None:
            stopped.append(as_user(trait))
    return stopped


async def find_usages(uow: UnitOfWork, what: str, _: str | None, key: str) -> list[Usage]:
    """The formulas that name a member. Of all else the engine knows who depends on it."""
    named = await queries.formulas_naming(uow, key) if what == "member" else []
    return [as_user(trait) for trait in named]


def as_user(trait: FormulaTrait) -> Usage:
    return Usage("formula", str(trait.id), trait.title)

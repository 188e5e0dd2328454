"""Formula traits that a record's own fields decide: worked out with every write of the record."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from accounts_api.language.formula_interpreter.depends import is_own, traits_read
from accounts_api.language.formula_interpreter.evaluate import evaluate
from accounts_api.language.formula_interpreter.kept import kept
from accounts_api.language.formulas import typed as c
from accounts_api.language.formulas.parser import read_formula
from accounts_api.language.formulas.type_check import check_formula, misfit
from accounts_api.language.formulas.values import number
from accounts_api.records.schema.record_catalog import catalog_of_schema
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.schema.rules import RecordState
from shared.events.base import Cause
from shared.rules.interpreter.evaluate import Snapshot
from shared.rules.syntax.faults import RuleFaulty
from shared.rules.types.context import EvaluationContext
from shared.traits.definitions import Definition, read_definitions

_NO_MATTER: Final = EvaluationContext(datetime(2000, 1, 1, tzinfo=UTC), ZoneInfo("UTC"))
"""For formulas that do not ask what day it is."""


@dataclass(frozen=True, slots=True)
class RecordFormula:
    key: str
    formula: c.Formula
    currency: str | None
    asks_when: bool
    moves: bool
    """Time alone may change its value, or that of a formula that it reads."""


@lru_cache(maxsize=1024)
def record_formulas(schema: RecordSchema, document: str) -> Sequence[RecordFormula]:
    """From the definitions of the record type's traits; what looks at other records, and what
    cannot be used, is left out. A formula comes after those it reads.
    """
    definitions = read_definitions(document)
    written = [one for one in definitions.values() if one.formula is not None]
    if not written:
        return ()
    catalog = catalog_of_schema(schema, definitions.values())
    found = {}
    for one in written:
        try:
            formula = check_formula(read_formula(one.formula or ""), catalog, schema.record_type)
        except RuleFaulty:
            continue
        fits = misfit(formula, one.value_type, one.currency) is None
        if fits and is_own(formula):
            found[one.key] = RecordFormula(
                one.key,
                formula,
                _currency(one),
                asks_when=bool(formula.root.asks),
                moves=formula.root.asks.moves,
            )
    moving: set[str] = set()
    ordered = []
    for key in in_order({k: one.formula for k, one in found.items()}):
        known = found[key]
        if known.moves or traits_read(known.formula) & moving:
            moving.add(key)
            known = replace(known, moves=True)
        ordered.append(known)
    return tuple(ordered)


def formula_link(trait_id: str, key: str) -> Cause:
    return Cause(type="formula", id=trait_id, label=f"formula {key}")


def formula_causes(
    definitions: Iterable[Definition], computed: Collection[str], chain: Sequence[Cause]
) -> dict[str, tuple[Cause, ...]]:
    """What changed a formula trait is its formula, because of what changed the record: the end of
    `chain`. Of formulas that were worked out together, `computed`, none is the cause of the other.
    """
    formulas = [one for one in definitions if one.formula is not None]
    together = {formula_link(one.id, one.key) for one in formulas if one.key in computed}
    causes = {}
    for one in formulas:
        link, before = formula_link(one.id, one.key), tuple(chain)
        if before and (before[-1] == link or (link in together and before[-1] in together)):
            before = before[:-1]
        causes[f"traits.{one.key}"] = (*before, link)
    return causes


def _currency(definition: Definition) -> str | None:
    return definition.currency if definition.result_type == "currency" else None


def in_order(formulas: Mapping[str, c.Formula]) -> list[str]:
    """The keys, each after those of the same record type that its formula reads."""
    reads = {key: traits_read(formula) & formulas.keys() for key, formula in formulas.items()}
    order: list[str] = []
    while reads:
        ready = sorted(key for key, read in reads.items() if not read - set(order)) or sorted(reads)
        order += ready
        for key in ready:
            del reads[key]
    return order


def compute(
    schema: RecordSchema,
    formulas: Iterable[RecordFormula],
    after: RecordState,
    context: EvaluationContext | None,
) -> None:
    """Make the formulas' values what the record's other fields say."""
    for one in formulas:
        value = kept(
            evaluate(one.formula, _seen(schema, after), context or _NO_MATTER), one.currency
        )
        traits = {key: was for key, was in after["traits"].items() if key != one.key}
        after["traits"] = traits if value is None else {**traits, one.key: value}


def _seen(schema: RecordSchema, state: RecordState) -> Snapshot:
    columns = {
        name: date.fromisoformat(state[name]) if column.type == "date" and state[name] else value
        for name, column in schema.by_name.items()
        for value in [state[name]]
    }
    traits = {
        key: number(value) if isinstance(value, float) else value
        for key, value in state["traits"].items()
    }
    named: dict[str, Any] = {"id": state["id"], "external_id": state["external_id"]}
    return Snapshot(state["id"], {**named, **columns}, traits)

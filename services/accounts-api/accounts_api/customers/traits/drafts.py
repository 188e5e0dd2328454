"""Formulas tried before anything is stored."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from accounts_api.customers.formulas import service as formulas
from accounts_api.customers.formulas.schemas import FormulaPreviewIn
from accounts_api.customers.formulas.shown import moved_types
from accounts_api.customers.traits import queries, rules
from accounts_api.customers.traits.queries import Trait
from accounts_api.customers.traits.service import get_trait, schema_of
from accounts_api.language.formula_interpreter.depends import dependencies, needs
from accounts_api.language.formula_interpreter.evaluate import evaluate
from accounts_api.language.formula_interpreter.kept import kept
from accounts_api.language.formula_interpreter.nulls import why_null
from accounts_api.language.formulas.printer import write_formula
from accounts_api.language.formulas.typed import Formula
from accounts_api.language.formulas.types import Sort
from accounts_api.language.formulas.values import Money
from accounts_api.records.history.as_of import NOTHING_MOVED
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.schema.trait_keys import TRAIT_KEYS
from accounts_api.records.store.service import living
from shared.errors import Fault, Invalid
from shared.lists import moment
from shared.rules.interpreter.depends import CALENDAR, EXISTENCE
from shared.rules.interpreter.snapshots import read_snapshot
from shared.traits.definitions import Definition
from shared.uow import UnitOfWork

NO_KEY = "draft"
_NO_FIELDS = frozenset({EXISTENCE, CALENDAR})


async def preview_formula(uow: UnitOfWork, data: FormulaPreviewIn) -> dict[str, Any]:
    """What a draft gives for some records. A faulty one is an answer, not a refusal."""
    schema = await schema_of(uow, data.record_type, "/record_type")
    await _must_be_there(uow, schema, data.record_ids or ())
    known = None
    if data.trait_id is not None:
        known = await get_trait(uow, await TRAIT_KEYS.named(uow, data.trait_id, "/trait_id"))
    if known is not None and known.record_type != data.record_type:
        message = f"This is a trait of {known.record_type} records."
        raise Invalid(faults=[Fault("/trait_id", "wrong_record_type", message)])
    definition = Definition(
        known.key if known else NO_KEY,
        "formula",
        formula=data.formula,
        result_type=data.result_type,
        currency=data.currency,
    )
    formula, faults = await formulas.read(uow, data.record_type, definition)
    if data.result_type is not None:
        faults += rules.faults(definition, {})
    if formula is not None and known is not None:
        faults += await _cycle(uow, known, definition, formula)
    gives = formula.root.typed.sort if formula else None
    stored = write_formula(formula.written) if formula else None
    shown = await formulas.with_keys(uow, [stored] if stored else [])
    return {
        "valid": not faults,
        "formula": shown.get(stored or "", stored),
        "result_type": None if gives in {None, Sort.NOTHING} else gives,
        "dependencies": _reads(formula) if formula else [],
        "faults": [_plain(fault) for fault in faults],
        "samples": await _samples(uow, data, formula) if formula and not faults else [],
    }


async def _must_be_there(uow: UnitOfWork, schema: RecordSchema, ids: Sequence[UUID]) -> None:
    known = await living(uow, schema, [str(record_id) for record_id in ids])
    message = f"There is no {schema.record_type} with this id."
    faults = [
        Fault(f"/record_ids/{place}", "unknown_record", message)
        for place, record_id in enumerate(ids)
        if str(record_id) not in known
    ]
    if faults:
        raise Invalid(faults=faults)


async def _cycle(
    uow: UnitOfWork, known: Trait, definition: Definition, formula: Formula
) -> list[Fault]:
    """As saving it would find out; then everything is as it was."""
    becomes = {
        "type": "formula",
        "formula": definition.formula,
        "result_type": definition.result_type or "string",
    }
    try:
        async with uow.savepoint() as tried:
            await queries.change_trait(uow, known.id, becomes)
            await formulas.watch(uow, known.id, known.record_type, formula)
            await tried.rollback()
    except Invalid as refused:
        return list(refused.faults)
    return []


def _reads(formula: Formula) -> list[str]:
    found = {(dependency.record_type, dependency.what) for dependency in dependencies(formula)}
    fields = ((record_type, what) for record_type, what in found if what not in _NO_FIELDS)
    return sorted(f"{record_type} {what}" for record_type, what in fields)


def _plain(fault: Fault) -> dict[str, Any]:
    shown = {"code": fault.code, "message": fault.message, "pointer": fault.pointer}
    return {**shown, **(fault.extra or {})}


async def _samples(
    uow: UnitOfWork, data: FormulaPreviewIn, formula: Formula
) -> list[dict[str, Any]]:
    context, needed = await moment.evaluation_context(uow), needs(formula)
    rows = await formulas.snapshots(uow, needed, data.record_ids, context, NOTHING_MOVED)
    ids = [row.id for row in rows]
    reads = {(seen.record_type, seen.what) for seen in dependencies(formula)}
    moved = await moved_types(uow, reads, only={data.record_type: [str(id_) for id_ in ids]})
    if moved.names:
        rows = await formulas.snapshots(uow, needed, ids, context, moved)
    found = []
    for row in rows:
        record = read_snapshot(needed, row.seen)
        value = evaluate(formula, record, context)
        own = value.currency if isinstance(value, Money) else None
        as_money = data.result_type in {None, "currency"} and isinstance(value, Money)
        currency = (data.currency or own) if as_money or data.result_type == "currency" else None
        why = why_null(formula, record, context, currency)
        found.append(
            {
                "record_id": row.id,
                "name": row.name,
                "value": kept(value, currency),
                "null_reason": why.as_json() if why else None,
            }
        )
    return found

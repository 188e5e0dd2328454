from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_jsonable_python

from accounts_api.customers.formulas import service as formulas
from accounts_api.customers.peer_values import service as peer_values
from accounts_api.customers.traits import conversion, queries
from accounts_api.customers.traits.errors import (
    TraitKeyTaken,
    TraitNotFound,
    ValuesWouldBeLost,
)
from accounts_api.customers.traits.queries import Trait
from accounts_api.customers.traits.rules import (
    OF_TASKS,
    definition_of,
    dependent_faults,
    faults,
    faults_of_tasks,
)
from accounts_api.customers.traits.schemas import TraitIn, TraitPatch, TypeIn
from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.usages import service as usage
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.language.formulas.printer import write_formula
from accounts_api.language.formulas.typed import Formula
from accounts_api.records.schema import record_catalog
from accounts_api.records.schema.hooks import notify_of_shape
from accounts_api.records.schema.record_schemas import RecordSchema
from shared.auth import Caller
from shared.db import refuse
from shared.errors import Conflict, Fault, Invalid, check_version
from shared.events.traits import TraitChanged
from shared.ids import new_id
from shared.paging import CursorSigner, page_of
from shared.service import Service
from shared.traits.conversion import changes_values
from shared.traits.definitions import Definition, TraitType
from shared.uow import UnitOfWork

traits_of = queries.traits_of
count_values = queries.count_values
values_page = queries.values_page


async def list_traits(
    uow: UnitOfWork,
    cursors: CursorSigner,
    record_type: str | None,
    cursor: str | None,
    limit: int,
) -> dict[str, Any]:
    if record_type is not None and record_type not in OF_TASKS:
        await schema_of(uow, record_type, "/query/record_type")
    shape = ("traits", record_type)
    after = cursors.read(cursor, uow.workspace_id, shape) if cursor else None
    rows = await queries.traits_page(uow, record_type, after, limit + 1)
    page = page_of(rows, limit, cursors, uow.workspace_id, shape, ("record_type", "key"))
    return {**page, "data": await shown(uow, page["data"])}


async def shown(uow: UnitOfWork, rows: Sequence[Trait]) -> list[dict[str, Any]]:
    """Traits as people see them: with keys in formulas, and with how far the values of these have
    been worked out.
    """
    computed = {row.id: row.formula for row in rows if row.formula is not None}
    backfills = await engine.backfills_of(uow, [*computed])
    printed = await formulas.with_keys(uow, computed.values())
    return [
        {
            **asdict(row),
            "formula": printed.get(row.formula or "", row.formula),
            "progress": backfills[row.id].as_json() if row.id in backfills else None,
            "faults": row.faults or [],
        }
        for row in rows
    ]


async def get_trait(uow: UnitOfWork, trait_id: UUID, *, lock: bool = False) -> Trait:
    found = await queries.trait_by_id(uow, trait_id, lock=lock)
    if found is None:
        raise TraitNotFound("There is no trait with this id.")
    return found


async def create_trait(uow: UnitOfWork, data: TraitIn) -> Trait:
    fields = {name: value for name, value in data.changes().items() if value is not None}
    fields |= {"record_type": data.record_type, "key": data.key, "source": data.source}
    formula = await _check(uow, data.record_type, definition_of(fields))
    if formula is not None:
        fields["formula"] = write_formula(formula.written)
    taken = TraitKeyTaken(
        f"{data.record_type} has a trait {data.key!r}, or its values are still being cleared."
    )
    async with refuse("uq_trait_definitions_workspace_id_record_type_key", taken):
        made = await queries.add_trait(uow, {"id": new_id(), **fields})
    if formula is not None:
        await formulas.watch(uow, made.id, data.record_type, formula)
    await formulas.mend(uow)
    tell(uow, made)
    await audit_log.record(uow, "trait.created", "trait", made.id, after=to_jsonable_python(fields))
    await notify_of_shape(uow)
    return made


@dataclass(frozen=True, slots=True)
class Asked:
    """What the tasks service said of a change, of the trait as it was at `version`."""

    version: int
    said: Mapping[str, Any]


async def ask_of_change(
    service: Service, caller: Caller, trait_id: UUID, data: TraitPatch
) -> Asked | None:
    """Not within a transaction. None where no value kept elsewhere would change."""
    begin = service.units.begin
    async with begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        known = await get_trait(uow, trait_id)
        if known.record_type not in OF_TASKS:
            return None
        _, becomes = await _changes(uow, known, data)
    after = definition_of({**asdict(known), **becomes})
    if not changes_values(definition_of(asdict(known)), after) or after.type == "formula":
        return None
    return Asked(
        known.version, await peer_values.preview(service, caller, known.record_type, after)
    )


async def change_trait(
    uow: UnitOfWork,
    trait_id: UUID,
    version: int | None,
    data: TraitPatch,
    asked: Asked | None,
    *,
    force: bool,
) -> Trait:
    """Raises `ValuesWouldBeLost` when a new type cannot hold every value, and `InUse` when a
    formula that reads the trait would come to a stand, unless forced.
    """
    known = await get_trait(uow, trait_id, lock=True)
    check_version(version, known.version)
    was, becomes = await _changes(uow, known, data)
    if not becomes:
        return known
    definition = definition_of({**asdict(known), **becomes})
    deciding = bool(becomes.keys() & _DECIDING)
    formula = await _check(uow, known.record_type, definition, formula_too=deciding)
    if formula is not None and "formula" in becomes:
        becomes["formula"] = write_formula(formula.written)
    if deciding:
        becomes["faults"] = None
    changed = await queries.change_trait(uow, trait_id, becomes)
    tell(uow, changed)
    if known.record_type in OF_TASKS:
        _must_keep_all(known, definition, asked, force=force)
    elif deciding:
        await _follow(uow, known, definition, formula, force=force)
        other = bool(becomes.keys() & {"type", "currency", "result_type"})
        await _reevaluate_readers(uow, known, other_values=other, force=force)
    becomes.pop("faults", None)
    await audit_log.record(
        uow,
        "trait.changed",
        "trait",
        trait_id,
        before=to_jsonable_python(was),
        after=to_jsonable_python(becomes),
    )
    await notify_of_shape(uow)
    return changed


def tell(uow: UnitOfWork, trait: Trait, *, deleted: bool = False) -> None:
    """Who keeps the records copies the definition, and brings their values into its form."""
    if trait.record_type in OF_TASKS:
        uow.publish(
            TraitChanged(
                id=trait.id,
                record_type=trait.record_type,
                key=trait.key,
                title=trait.title,
                definition=definition_of(asdict(trait)).as_json(),
                deleted=deleted,
                version=trait.version + deleted,
            )
        )


def _must_keep_all(
    known: Trait, definition: Definition, asked: Asked | None, *, force: bool
) -> None:
    """Raises `ValuesWouldBeLost`, unless forced. What is written between the question and the
    change and does not fit is cleared; its history tells.
    """
    if force or not changes_values(definition_of(asdict(known)), definition):
        return
    if asked is None or asked.version != known.version:
        raise Conflict("Somebody else changed the trait just now. Try again.")
    if not asked.said["complete"]:
        raise conversion.too_many()
    if lost := asked.said["unconvertible"]:
        raise conversion.would_lose(lost)


async def _changes(
    uow: UnitOfWork, known: Trait, data: TraitPatch
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What would be another, as it was and as it becomes."""
    changes = await _as_stored(uow, known, _filled(data.changes()))
    before = {name: getattr(known, name) for name in changes}
    was, becomes = audit_log.difference(before, changes)
    if "type" in becomes:
        becomes |= {name: None for name in _lost_with_type(becomes["type"]) if name not in changes}
    return was, becomes


async def _as_stored(uow: UnitOfWork, known: Trait, changes: dict[str, Any]) -> dict[str, Any]:
    """A formula that is sent as it is shown is no other one."""
    if known.formula is None or "formula" not in changes:
        return changes
    shown = await formulas.with_keys(uow, [known.formula])
    as_shown = changes["formula"] == shown.get(known.formula)
    return {**changes, "formula": known.formula} if as_shown else changes


_DECIDING: Final = frozenset({"type", "options", "currency", "formula", "result_type"})
"""What decides which values there are, and how a formula may read them."""


def _lost_with_type(to: TraitType) -> tuple[str, ...]:
    """What belonged to the old type, and is not kept by the new one."""
    limits = ("minimum", "maximum", "pattern", "default")
    return (*limits, "options", "depends_on") if to == "formula" else (*limits, *_OF_FORMULAS)


_OF_FORMULAS: Final = ("formula", "result_type")


async def _follow(
    uow: UnitOfWork, known: Trait, definition: Definition, formula: Formula | None, *, force: bool
) -> None:
    """Values become what the new definition says."""
    if formula is not None:
        if known.formula is None:
            await _must_hold_nothing(uow, known, force=force)
        await formulas.watch(uow, known.id, known.record_type, formula)
    elif known.formula is not None:
        await engine.unregister(uow, known.id)
    if formula is None and changes_values(definition_of(asdict(known)), definition):
        schema = await schema_of(uow, known.record_type)
        await conversion.convert(uow, schema, definition, force=force)


async def _reevaluate_readers(
    uow: UnitOfWork, known: Trait, *, other_values: bool, force: bool
) -> None:
    """Raises `InUse` when a formula could read the trait no more."""
    stopped = await formulas.recheck(uow, known.record_type, known.key, other_values=other_values)
    if stopped and not force:
        advice = (
            "These formulas could not read it any more. Change them first, or send `force=true`."
        )
        usage.must_be_unused(usage.Used(stopped, [], 0), advice)


async def _must_hold_nothing(uow: UnitOfWork, known: Trait, *, force: bool) -> None:
    schema = await schema_of(uow, known.record_type)
    lost = await queries.count_values(uow, schema, known.key)
    if lost and not force:
        raise ValuesWouldBeLost(
            "A formula would replace the values. Send `force=true` to let it.",
            lost=min(lost, queries.COUNTED_TO),
        )


_NEVER_NULL: Mapping[str, Any] = {"required": False, "deprecated": False, "editable_by": "everyone"}


def _filled(changes: dict[str, Any]) -> dict[str, Any]:
    """Null restores the default of what is never null. Raises `Invalid` for what has none."""
    cleared = [name for name in ("title", "type") if name in changes and changes[name] is None]
    if cleared:
        raise Invalid(faults=[Fault(f"/{n}", "required", "Every trait has one.") for n in cleared])
    return {
        name: _NEVER_NULL[name] if value is None and name in _NEVER_NULL else value
        for name, value in changes.items()
    }


async def schema_of(uow: UnitOfWork, record_type: str, pointer: str = "") -> RecordSchema:
    """Raises `Invalid`: there is no such record type here."""
    found = await record_catalog.find_schema(uow, record_type)
    if found is None:
        raise Invalid(faults=[_no_type(record_type, pointer)])
    return found


def _no_type(record_type: str, pointer: str) -> Fault:
    message = f"{record_type!r} is neither a record type that has traits nor an object type."
    return Fault(pointer, "unknown_record_type", message)


async def _check(
    uow: UnitOfWork, record_type: str, definition: Definition, *, formula_too: bool = True
) -> Formula | None:
    """The formula, of one that has one. Raises `Invalid` with every fault."""
    there_is = (
        record_type in OF_TASKS or await record_catalog.find_schema(uow, record_type) is not None
    )
    rows = await queries.traits_of(uow, record_type)
    siblings = {row.key: definition_of(asdict(row)) for row in rows}
    siblings[definition.key] = definition
    wrong, formula = faults(definition, siblings), None
    elsewhere = faults_of_tasks(record_type, definition)
    wrong += dependent_faults(definition, siblings)
    if not there_is:
        wrong.insert(0, _no_type(record_type, "/record_type"))
    if elsewhere:
        wrong = elsewhere
    elif (
        there_is and formula_too and definition.type == "formula" and definition.formula is not None
    ):
        formula, more = await formulas.read(uow, record_type, definition)
        wrong += more
    if wrong:
        raise Invalid("Nothing was stored. See `errors` for each fault.", faults=wrong)
    return formula


async def preview_type(
    service: Service, caller: Caller, trait_id: UUID, data: TypeIn
) -> dict[str, Any]:
    """How many values another type could hold, and a sample of those it could not."""
    begin = service.units.begin
    async with begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        known = await get_trait(uow, trait_id)
        if data.type == "formula":
            message = "A formula is tried by POST /v1/traits/formula-preview."
            raise Invalid(faults=[Fault("/type", "not_applicable", message)])
        if known.record_type not in OF_TASKS:
            schema = await schema_of(uow, known.record_type)
            return await conversion.try_type(uow, schema, known, data)
    to = conversion.tried(known, data)
    if wrong := faults_of_tasks(known.record_type, to):
        raise Invalid(faults=wrong)
    said = await peer_values.preview(service, caller, known.record_type, to)
    if not said["complete"]:
        raise conversion.too_many()
    return said

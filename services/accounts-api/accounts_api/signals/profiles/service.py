"""Profiles are taken in by requests, and written to records by a loop."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from accounts_api.customers.accounts.record_type import ACCOUNTS
from accounts_api.customers.contacts.record_type import CONTACTS
from accounts_api.customers.record_routes.record_type import RecordType
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.records.editing.edits import RULES, Edit, Outcome
from accounts_api.records.requests.bodies import row_edit
from accounts_api.records.schema.record_schemas import ACCOUNT
from accounts_api.records.store.hooks import RecordChange
from accounts_api.records.store.service import definitions_of, living_named, write_each
from accounts_api.signals.product_events.service import arrival_keys, find_contacts
from accounts_api.signals.profiles import queries
from accounts_api.signals.profiles.queries import Profile, TraitMapping, TraitName
from accounts_api.signals.profiles.rules import (
    OWN_FIELDS,
    Kind,
    Said,
    changed_fields,
    fields_at_fault,
    row_of,
    together,
)
from accounts_api.signals.profiles.schemas import TraitMappingIn, TraitMappingPatch
from shared import held_work
from shared.batches import isolate_failures
from shared.db import refuse
from shared.errors import Conflict, Fault, Invalid, NotFound, check_version, invalid
from shared.events.base import Cause
from shared.ids import new_id
from shared.service import Service
from shared.uow import UnitOfWork
from shared.usages import Usage

MOST_MAPPINGS: Final = 100
_AT_ONCE: Final = 200
_TYPES: Final[Mapping[Kind, RecordType]] = {"user": CONTACTS, "group": ACCOUNTS}


class MappingNotFound(NotFound):
    title = "There is no such mapping"


class TraitMapped(Conflict):
    code = "product_trait_mapped"
    title = "This trait, or this field, has a mapping"


class TooManyMappings(Conflict):
    code = "too_many_product_trait_mappings"
    title = "A workspace has at most 100 mappings of product traits"


async def add(uow: UnitOfWork, said: Sequence[Said]) -> None:
    """Keep what was said; the loop writes it."""
    if said and await queries.add(uow, together(said)):
        uow.wake_worker()


async def follow_records(
    uow: UnitOfWork, record_type: str, changes: Sequence[RecordChange]
) -> None:
    """A listener of record changes: what was said of a record is written once it is there."""
    keys: dict[str, set[str]] = defaultdict(set)
    for change in changes:
        for key in arrival_keys(record_type, change):
            named, _, value = key.partition(":")
            keys[named].add(value)
    if keys.keys() & {"user", "group", "email"} and await queries.look_again(
        uow, keys["user"], keys["group"], keys["email"]
    ):
        uow.wake_worker()


async def write_profiles(service: Service) -> bool:
    async with service.units.across_workspaces(read_only=True) as scope:
        due = await queries.workspaces_with_due_profiles(scope, _AT_ONCE)
    cause = [Cause(type="system", id="product_profiles")]
    return await service.units.in_each(due, cause, _write_due, what="product-profiles")


async def _write_due(uow: UnitOfWork) -> bool:
    profiles = await queries.due_profiles(uow, _AT_ONCE)

    async def hold(profile: Profile, error: Exception) -> None:
        failed.add(profile.key)
        about = {"kind": profile.kind, "external_id": profile.external_id}
        await held_work.hold(uow, queries.WRITING, profile.key, error, about)

    failed: set[str] = set()
    await isolate_failures(uow, profiles, partial(_write_some, uow), hold)
    written = {profile.key for profile in profiles} - failed
    await held_work.release(uow, queries.WRITING, written.__contains__)
    return bool(profiles)


@dataclass(slots=True)
class _Pending:
    """What is to be written of a profile to its record, by field."""

    profile: Profile
    record_id: UUID
    fields: dict[str, Any]
    names: Mapping[str, str]
    """The trait's name, by field."""

    def edit(self) -> Edit | Outcome:
        into = _TYPES[self.profile.kind]
        return row_edit(into.records.schema, row_of(self.record_id, self.fields), into.row, "")


async def _write_some(uow: UnitOfWork, profiles: Sequence[Profile]) -> None:
    now = await uow.machine_now()
    mapped: dict[Kind, dict[str, str]] = {"user": {}, "group": {}}
    for each in await queries.mapped(uow):
        mapped[each.kind][each.name] = each.field
    records = await _records_of(uow, profiles)
    pending = []
    for profile, record_id in zip(profiles, records, strict=True):
        if record_id is not None:
            before = profile.written if record_id == profile.record_id else {}
            fields = changed_fields(mapped[profile.kind], profile.traits, before)
            if fields:
                names = {field: name for name, field in mapped[profile.kind].items()}
                pending.append(_Pending(profile, record_id, fields, names))
    refused: list[dict[str, Any]] = []
    wanted = {one.profile.key: dict(one.fields) for one in pending}
    for kind, into in _TYPES.items():
        await _write(uow, into, [one for one in pending if one.profile.kind == kind], refused, now)
    await queries.finish(
        uow, [_done(*each, wanted) for each in zip(profiles, records, strict=True)]
    )
    await _count_names(uow, profiles, now)
    if refused:
        await queries.refuse(uow, refused)


def _done(
    profile: Profile, record_id: UUID | None, wanted: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """A refused value counts as written: it is tried again when it changes."""
    before = profile.written if record_id == profile.record_id else {}
    return {
        "kind": profile.kind,
        "external_id": profile.external_id,
        # A record and a profile may come at once, in transactions that do not see each other.
        "again": record_id is None and profile.looks == 0,
        "looks": profile.looks + 1 if record_id is None else 0,
        "record_id": record_id,
        "written": {**before, **wanted.get(profile.key, {})},
        "names": sorted({*profile.counted_names, *profile.traits}),
    }


async def _records_of(uow: UnitOfWork, profiles: Sequence[Profile]) -> list[UUID | None]:
    groups = await living_named(
        uow, ACCOUNT, (one.external_id for one in profiles if one.kind == "group")
    )
    users = [one for one in profiles if one.kind == "user"]
    found = await find_contacts(uow, [(one.external_id, one.email) for one in users])
    by_user = dict(zip((one.external_id for one in users), found, strict=True))
    return [
        groups.get(one.external_id) if one.kind == "group" else by_user[one.external_id]
        for one in profiles
    ]


async def _write(
    uow: UnitOfWork,
    into: RecordType,
    pending: Sequence[_Pending],
    refused: list[dict[str, Any]],
    now: datetime,
) -> None:
    """Fields that are refused are left out, and the others of the record tried once more."""
    for _ in range(2):
        outcomes = await _written(uow, into, pending)
        left = []
        for one, outcome in zip(pending, outcomes, strict=True):
            if outcome.error is None:
                continue
            faulty = fields_at_fault(one.fields, outcome.faults) or {
                field: Fault("", outcome.error.code, outcome.error.detail or outcome.error.title)
                for field in one.fields
            }
            refused += [_refusal(one, field, fault, now) for field, fault in faulty.items()]
            one.fields = {name: one.fields[name] for name in one.fields.keys() - faulty.keys()}
            if one.fields:
                left.append(one)
        pending = left


async def _written(uow: UnitOfWork, into: RecordType, pending: Sequence[_Pending]) -> list[Outcome]:
    wanted = [one.edit() for one in pending]
    edits = [each for each in wanted if isinstance(each, Edit)]
    done = iter(await write_each(uow, into.records.schema, edits, RULES) if edits else ())
    return [each if isinstance(each, Outcome) else next(done) for each in wanted]


def _refusal(one: _Pending, field: str, fault: Fault, now: datetime) -> dict[str, Any]:
    return {
        "kind": one.profile.kind,
        "name": one.names[field],
        "times": 1,
        "refusal": {
            "external_id": one.profile.external_id,
            "code": fault.code,
            "message": fault.message,
            "at": now,
        },
    }


async def _count_names(uow: UnitOfWork, profiles: Sequence[Profile], now: datetime) -> None:
    more: Counter[tuple[Kind, str]] = Counter(
        (profile.kind, name)
        for profile in profiles
        for name in profile.traits.keys() - set(profile.counted_names)
    )
    if more:
        await queries.count_names(uow, ((*key, times) for key, times in more.items()), now)


async def list_names(uow: UnitOfWork, after: Sequence[Any] | None, limit: int) -> list[TraitName]:
    """One more than `limit`, if there are more."""
    return await queries.names_page(uow, _pair(after), limit + 1)


async def list_mappings(
    uow: UnitOfWork, after: Sequence[Any] | None, limit: int
) -> list[TraitMapping]:
    """One more than `limit`, if there are more."""
    return await queries.mappings_page(uow, _pair(after), limit + 1)


def _pair(after: Sequence[Any] | None) -> tuple[str, str] | None:
    return None if after is None else (str(after[0]), str(after[1]))


async def get_mapping(uow: UnitOfWork, mapping_id: UUID, *, lock: bool = False) -> TraitMapping:
    found = await queries.mapping_by_id(uow, mapping_id, lock=lock)
    if found is None:
        raise MappingNotFound("Look at GET /v1/product-trait-mappings for those there are.")
    return found


async def create_mapping(uow: UnitOfWork, data: TraitMappingIn) -> TraitMapping:
    await _check(uow, data.kind, data.field)
    if await queries.count_mappings(uow) >= MOST_MAPPINGS:
        raise TooManyMappings("Delete one that is not needed any more.")
    async with _unique(data.kind, data.name, data.field):
        made = await queries.add_mapping(uow, new_id(), data.kind, data.name, data.field)
    await _rewrite(uow, made)
    await audit_log.record(
        uow,
        "product_trait_mapping.created",
        "product_trait_mapping",
        made.id,
        after=data.model_dump(),
    )
    return made


async def change_mapping(
    uow: UnitOfWork, mapping_id: UUID, version: int | None, data: TraitMappingPatch
) -> TraitMapping:
    known = await get_mapping(uow, mapping_id, lock=True)
    check_version(version, known.version)
    if "field" not in data.model_fields_set or data.field == known.field:
        return known
    if data.field is None:
        raise invalid("/field", "required", "Delete the mapping instead.")
    await _check(uow, known.kind, data.field)
    async with _unique(known.kind, known.name, data.field):
        changed = await queries.change_mapping(uow, mapping_id, data.field)
    await _rewrite(uow, changed)
    await audit_log.record(
        uow,
        "product_trait_mapping.changed",
        "product_trait_mapping",
        mapping_id,
        before={"field": known.field},
        after={"field": data.field},
    )
    return changed


async def delete_mapping(uow: UnitOfWork, mapping_id: UUID, version: int | None) -> None:
    known = await get_mapping(uow, mapping_id, lock=True)
    check_version(version, known.version)
    await queries.delete_mapping(uow, mapping_id)
    await audit_log.record(
        uow,
        "product_trait_mapping.deleted",
        "product_trait_mapping",
        mapping_id,
        before={"kind": known.kind, "name": known.name, "field": known.field},
    )


def _unique(kind: Kind, name: str, field: str) -> Any:
    taken = TraitMapped(f"Change the mapping of {name!r} of a {kind}, or the one to {field}.")
    return refuse("uq_product_trait_mappings_workspace_id_kind_", taken)


async def _rewrite(uow: UnitOfWork, mapping: TraitMapping) -> None:
    await queries.look_at_all(uow, mapping.kind, mapping.name)
    uow.wake_worker()


async def _check(uow: UnitOfWork, kind: Kind, field: str) -> None:
    """Raises `Invalid` for what nobody could write to."""
    schema = _TYPES[kind].records.schema
    if field in OWN_FIELDS[kind]:
        return
    key = field.removeprefix("traits.")
    definition = (await definitions_of(uow, schema)).get(key) if key != field else None
    if definition is None:
        own = ", ".join(OWN_FIELDS[kind])
        message = (
            f"Say `traits.<key>` with a trait of {schema.record_type} records, or one of {own}."
        )
        raise Invalid(faults=[Fault("/field", "unknown_field", message)])
    if definition.type == "formula":
        message = "A formula computes its values; map to another trait."
        raise Invalid(faults=[Fault("/field", "not_writable", message)])


async def find_usages(uow: UnitOfWork, what: str, record_type: str | None, key: str) -> list[Usage]:
    """The mappings to a trait."""
    for kind, into in _TYPES.items():
        if what == "trait" and record_type == into.name:
            found = await queries.fields_of(uow, kind, f"traits.{key}")
            return [Usage("product_trait_mapping", str(one.id), one.name) for one in found]
    return []

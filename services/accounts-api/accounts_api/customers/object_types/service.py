"""Types of records that a workspace defines itself."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID

from accounts_api.customers.object_types import queries
from accounts_api.customers.object_types.queries import KEYS, StoredType
from accounts_api.customers.object_types.rules import key_faults, link_faults
from accounts_api.customers.object_types.schemas import ObjectLinkIn, ObjectTypeIn, ObjectTypePatch
from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.usages.service import COUNTED_TO, Used, find_usages, must_be_unused
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.records.editing.edits import Edit
from accounts_api.records.schema import record_catalog
from accounts_api.records.schema.hooks import notify_of_shape
from accounts_api.records.schema.record_schemas import ObjectLink
from accounts_api.records.store.service import all_written, write_each
from shared import held_work
from shared.db import refuse
from shared.errors import Conflict, Fault, Invalid, NotFound, check_version
from shared.events.base import Cause
from shared.ids import new_id
from shared.paging import CursorSigner, page_of
from shared.rules.interpreter.depends import EXISTENCE
from shared.service import Service
from shared.uow import UnitOfWork
from shared.usages import Usage

__all__ = ["KEYS"]

_BATCH = 500


class ObjectTypeNotFound(NotFound):
    code = "object_type_not_found"
    title = "There is no such object type"


class ObjectTypeKeyTaken(Conflict):
    code = "key_taken"
    title = "Another object type has this key"


class ReverseTaken(Conflict):
    code = "reverse_taken"
    title = "Other instances are called so already"


async def list_types(
    uow: UnitOfWork, cursors: CursorSigner, cursor: str | None, limit: int, *, archived: bool
) -> dict[str, Any]:
    shape = ("object-types", archived)
    after = cursors.read(cursor, uow.workspace_id, shape)[0] if cursor else None
    rows = await queries.types_page(uow, archived=archived, after=after, limit=limit + 1)
    return page_of(rows, limit, cursors, uow.workspace_id, shape, ("key",))


async def get_type(uow: UnitOfWork, type_id: UUID, *, lock: bool = False) -> StoredType:
    found = await queries.type_by_id(uow, type_id, lock=lock)
    if found is None:
        raise ObjectTypeNotFound("There is no object type with this id.")
    return found


async def create_type(uow: UnitOfWork, data: ObjectTypeIn) -> StoredType:
    links = _links(data.links, data.plural_key)
    _check(key_faults(data.key, data.plural_key) + link_faults(links))
    fields = data.model_dump(exclude={"links"})
    type_id = new_id()
    async with _refusals():
        await queries.add_type(uow, {"id": type_id, **fields})
        await queries.set_links(uow, type_id, links)
    made = await get_type(uow, type_id)
    after = {**fields, "links": made.links}
    await audit_log.record(uow, "object_type.created", "object_type", type_id, after=after)
    await notify_of_shape(uow)
    return made


async def change_type(
    uow: UnitOfWork, type_id: UUID, version: int | None, data: ObjectTypePatch, *, force: bool
) -> StoredType:
    """Raises `InUse` for a link that is gone and that rules look along, unless forced; in any case
    while instances hold it.
    """
    known = await get_type(uow, type_id, lock=True)
    check_version(version, known.version)
    changes = data.changes()
    if "links" in changes:
        wanted = _links(data.links, known.plural_key)
        _check(link_faults(wanted))
        changes["links"] = [{"to": link.to, "reverse": link.reverse} for link in wanted]
    before = {name: getattr(known, name) for name in changes}
    was, becomes = audit_log.difference({**before, "links": _sorted(known.links)}, _even(changes))
    if not becomes:
        return known
    if "links" in becomes:
        await _may_unlink(uow, known, becomes["links"], force=force)
        await _relink(uow, known, becomes["links"])
    fields = {name: value for name, value in becomes.items() if name != "links"}
    await queries.change_type(uow, type_id, fields)
    await audit_log.record(
        uow, "object_type.changed", "object_type", type_id, before=was, after=becomes
    )
    await notify_of_shape(uow)
    return await get_type(uow, type_id)


def _links(given: Sequence[ObjectLinkIn], plural_key: str) -> list[ObjectLink]:
    return [ObjectLink(link.to, link.reverse or plural_key) for link in given]


def _even(changes: dict[str, Any]) -> dict[str, Any]:
    return {n: _sorted(value) if n == "links" else value for n, value in changes.items()}


def _sorted(links: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(links, key=lambda link: str(link["to"]))


def _check(faults: list[Fault]) -> None:
    if faults:
        raise Invalid("Nothing was stored. See `errors` for each fault.", faults=faults)


async def _may_unlink(
    uow: UnitOfWork, known: StoredType, wanted: Sequence[dict[str, Any]], *, force: bool
) -> None:
    kept = {link["to"] for link in wanted}
    usages: list[Usage] = []
    for link in known.links:
        if link["to"] not in kept:
            column = f"{link['to']}_id"
            instances = await queries.count_instances(
                uow, known.id, at_most=COUNTED_TO + 1, column=column
            )
            advice = f"Instances belong to an {link['to']}: clear their `{column}` first."
            must_be_unused(Used([], [], instances), advice)
        if link not in wanted:
            for record_type, name in _ends(known.key, link):
                usages += await find_usages(uow, "relation", record_type, name)
    if not force:
        advice = "Send `force=true` to change it although these can be used no more."
        must_be_unused(Used(list(dict.fromkeys(usages)), [], 0), advice)


async def _relink(uow: UnitOfWork, known: StoredType, wanted: Sequence[dict[str, Any]]) -> None:
    links = [ObjectLink(**link) for link in wanted]
    async with _refusals():
        await queries.set_links(uow, known.id, links)
    for link in known.links:
        if link not in wanted:
            for record_type, name in _ends(known.key, link):
                await engine.backfill_dependents(uow, record_type, name)


def _ends(key: str, link: dict[str, Any]) -> list[tuple[str, str]]:
    """The two places from which rules look along a link: record type, and what they see there."""
    return [(link["to"], link["reverse"]), (key, f"{link['to']}_id")]


@asynccontextmanager
async def _refusals() -> AsyncIterator[None]:
    key = ObjectTypeKeyTaken("It has this key, or its instances are still being deleted.")
    plural = ObjectTypeKeyTaken("It has this plural key.")
    reverse = ReverseTaken("Give the link a `reverse` that no other type uses there.")
    async with (
        refuse("uq_object_types_workspace_id_key", key),
        refuse("uq_object_types_workspace_id_plural_key", plural),
        refuse("uq_object_type_links_workspace_id_record_type_reverse", reverse),
    ):
        yield


async def used_by(uow: UnitOfWork, type_id: UUID) -> Used:
    """By its instances, its own traits, and rules that look at instances."""
    known = await get_type(uow, type_id)
    instances = await queries.count_instances(uow, type_id, at_most=COUNTED_TO + 1)
    own = await queries.traits_of(uow, known.key)
    usages = await find_usages(uow, "object_type", None, known.key)
    traits = [Usage("trait", str(row.id), row.title) for row in own]
    named = {trait.id for trait in traits}  # a formula of its own is one of them
    return Used([*(usage for usage in usages if usage.id not in named), *traits], [], instances)


async def delete_type(uow: UnitOfWork, type_id: UUID, version: int | None, *, force: bool) -> None:
    """Raises `InUse` with who uses it, unless forced: then its traits and instances go with it."""
    known = await get_type(uow, type_id, lock=True)
    check_version(version, known.version)
    if not force:
        advice = "Send `force=true` to delete it with its traits and instances."
        must_be_unused(await used_by(uow, type_id), advice)
    await queries.bury_type(uow, type_id)
    await engine.backfill_dependents(uow, known.key, EXISTENCE)
    for trait in await queries.traits_of(uow, known.key):
        await engine.unregister(uow, trait.id)
    uow.wake_worker()
    await audit_log.record(
        uow, "object_type.deleted", "object_type", type_id, before={"key": known.key}
    )
    await notify_of_shape(uow)


async def count_left(uow: UnitOfWork) -> int:
    """Instances that deleted types have left."""
    return await queries.count_left(uow)


async def clear_buried(service: Service) -> bool:
    """Delete the instances of a deleted type, a batch at a time; then it goes itself."""
    async with service.units.across_workspaces() as scope:
        buried = await queries.buried_type(scope)
    if buried is None:
        return False
    label = f"{buried.title} was deleted"
    cause = (Cause(type="system", id=f"object_type:{buried.key}", label=label),)
    await held_work.attempt(
        service.units,
        buried.workspace_id,
        cause,
        partial(_clear, key=buried.key),
        step=queries.CLEARING,
        item=buried.key,
        about={"object_type": buried.key},
    )
    return True


async def _clear(uow: UnitOfWork, key: str) -> None:
    """An instance that cannot be deleted stays, and the type waits for another try."""
    schema = await record_catalog.find_schema(uow, key)
    if schema is None:
        return  # someone else was faster
    found = await queries.living(uow, schema, _BATCH)
    if found:
        gone = [Edit(id=str(record_id), deleted=True) for record_id in found]
        all_written(await write_each(uow, schema, gone))
    elif not await queries.remove_tombstones(uow, schema, _BATCH):
        await queries.remove_type(uow, schema)

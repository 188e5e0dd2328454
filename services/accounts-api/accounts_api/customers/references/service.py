from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from accounts_api.customers.patches import service as patches
from accounts_api.customers.references.schemas import ReferencesIn
from accounts_api.identity.members.service import active_members
from accounts_api.records.holdings.service import known_key_roles
from accounts_api.records.schema import record_catalog
from accounts_api.records.schema.record_schemas import RECORD_SCHEMAS, RecordSchema
from accounts_api.records.store.service import definitions_of, living, living_named
from shared.spelling import nearest
from shared.uow import UnitOfWork


class SegmentName(Protocol):
    """What another service may know of a segment."""

    @property
    def id(self) -> UUID: ...
    @property
    def title(self) -> str: ...
    @property
    def record_type(self) -> str: ...
    @property
    def archived_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class ReferenceHooks:
    segments: Callable[[UnitOfWork, Iterable[str]], Awaitable[Mapping[str, SegmentName]]]
    """The segments of these ids and keys, by them, archived ones too; what leads to nothing is left
    out.
    """


async def known(uow: UnitOfWork, asked: ReferencesIn) -> dict[str, Any]:
    """What there is of it. Of records, by id or external id, the id that stands for each: a record
    that was merged away stands for its winner.
    """
    roles = await known_key_roles(uow)
    return {
        "records": await _records(uow, asked.record),
        "external_ids": await _external_ids(uow, asked.external_id),
        "fields": await _fields(uow, asked.field),
        "members": sorted(map(str, await active_members(uow, asked.member))),
        "key_roles": sorted(roles & set(asked.key_role)),
        "suggestions": await _suggestions(uow, asked, roles),
        "segments": {
            word: {
                "id": str(one.id),
                "title": one.title,
                "record_type": one.record_type,
                "archived": one.archived_at is not None,
            }
            for word, one in (await uow.wired(ReferenceHooks).segments(uow, asked.segment)).items()
        },
    }


async def _records(uow: UnitOfWork, asked: Iterable[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for record_type, ids in _by_type(asked).items():
        schema = await record_catalog.find_schema(uow, record_type)
        if schema is not None:
            found[record_type] = dict(await living(uow, schema, ids))
    return found


async def _external_ids(uow: UnitOfWork, asked: Iterable[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for record_type, external_ids in _by_type(asked).items():
        schema = await record_catalog.find_schema(uow, record_type)
        if schema is not None:
            named = await living_named(uow, schema, external_ids)
            found[record_type] = {str(key): str(id_) for key, id_ in named.items()}
    return found


async def _fields(uow: UnitOfWork, asked: Iterable[str]) -> dict[str, dict[str, bool]]:
    """By question, whether anybody may write it."""
    found: dict[str, dict[str, bool]] = {}
    for record_type, names in _by_type(asked).items():
        schemas = await _schemas(uow, record_type)
        writable: dict[str, bool] = {}
        for schema in schemas:
            for name, may in (await _fields_of(uow, schema)).items():
                writable[name] = may or writable.get(name, False)
        for name in names:
            if name in writable:
                found[f"{record_type}:{name}"] = {"writable": writable[name]}
    return found


async def _suggestions(
    uow: UnitOfWork, asked: ReferencesIn, roles: Collection[str]
) -> dict[str, str]:
    """What is there instead of the key roles and fields that are not, by what was asked."""
    near = {key: nearest(key, roles) for key in asked.key_role if key not in roles}
    for record_type, names in _by_type(asked.field).items():
        known = [
            f for schema in await _schemas(uow, record_type) for f in await _fields_of(uow, schema)
        ]
        missing = [name for name in names if name not in known]
        near |= {f"{record_type}:{name}": nearest(name, known) for name in missing}
    return {word: guess for word, guess in near.items() if guess is not None}


async def _schemas(uow: UnitOfWork, record_type: str) -> list[RecordSchema]:
    """All of them, where no type is said."""
    if not record_type:
        return [*RECORD_SCHEMAS.values(), *await record_catalog.object_schemas(uow)]
    schema = await record_catalog.find_schema(uow, record_type)
    return [schema] if schema else []


async def _fields_of(uow: UnitOfWork, schema: RecordSchema) -> dict[str, bool]:
    by_hand = patches.fields_of(schema)
    traits = await definitions_of(uow, schema)
    return {name: name in by_hand for name in schema.visible} | {
        f"traits.{key}": trait.type != "formula" and not trait.deprecated
        for key, trait in traits.items()
    }


def _by_type(asked: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for record_type, _, name in (one.partition(":") for one in asked):
        found[record_type].append(name)
    return found

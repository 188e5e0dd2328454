"""What becomes of the values of a trait when its type or its options change."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from accounts_api.customers.traits import queries
from accounts_api.customers.traits.errors import ValuesWouldBeLost
from accounts_api.customers.traits.queries import Trait
from accounts_api.customers.traits.rules import definition_of
from accounts_api.customers.traits.schemas import TypeIn
from accounts_api.records.editing.edits import OURSELVES, Edit
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.store.service import write
from shared.errors import Conflict
from shared.traits.conversion import Conversion, converted, retyped
from shared.traits.definitions import Definition
from shared.traits.values import InvalidTraitValue
from shared.uow import UnitOfWork

BATCH: Final = 500
CONVERTED_AT_ONCE: Final = 20_000


def tried(known: Trait, data: TypeIn) -> Definition:
    """The definition that another type would give."""
    fields = {**asdict(known), **data.model_dump(exclude_unset=True)}
    return retyped(
        definition_of(asdict(known)),
        data.type,
        options=definition_of(fields).options,
        currency=data.currency or known.currency,
    )


async def try_type(
    uow: UnitOfWork, schema: RecordSchema, known: Trait, data: TypeIn
) -> dict[str, Any]:
    conversion = Conversion(tried(known, data), await uow.zone())
    async for record_id, value in values(uow, schema, known.key):
        conversion.look_at(record_id, value)
    return conversion.as_json()


async def values(
    uow: UnitOfWork, schema: RecordSchema, key: str
) -> AsyncIterator[tuple[UUID, Any]]:
    """Of living records."""
    after: UUID | None = None
    while True:
        page = await queries.values_page(uow, schema, key, after=after, limit=BATCH)
        for record_id, value in page:
            yield record_id, value
        if len(page) < BATCH:
            return
        after = page[-1][0]


async def convert(uow: UnitOfWork, schema: RecordSchema, to: Definition, *, force: bool) -> None:
    """Raises `ValuesWouldBeLost` when a value cannot be, unless forced: then it is cleared."""
    zone = await uow.zone()
    edits: list[Edit] = []
    lost = 0
    async for record_id, value in values(uow, schema, to.key):
        try:
            edits.append(Edit(id=str(record_id), traits={to.key: converted(value, to, zone)}))
        except InvalidTraitValue:
            lost += 1
            edits.append(Edit(id=str(record_id), forced_traits={to.key: None}))
        if len(edits) > CONVERTED_AT_ONCE:
            raise too_many()
    if lost and not force:
        raise would_lose(lost)
    for start in range(0, len(edits), BATCH):
        await write(uow, schema, edits[start : start + BATCH], OURSELVES)


def too_many() -> Conflict:
    return Conflict(f"More than {CONVERTED_AT_ONCE} values; make a new trait instead.")


def would_lose(lost: int) -> ValuesWouldBeLost:
    return ValuesWouldBeLost(
        f"{lost} values would be cleared. Preview the type, or send `force=true`.", lost=lost
    )

"""Records as they are changed and, where a change needs it, read: for every area above."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol, TypeVar
from uuid import UUID

from accounts_api.records.editing.batch import PendingRecord
from accounts_api.records.editing.edits import OURSELVES, Edit, Outcome, Writer
from accounts_api.records.editing.timeline import Timeline
from accounts_api.records.schema.errors import NotAllWritten, NotWritten
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.schema.rules import RecordState
from accounts_api.records.store import queries, storing
from accounts_api.records.store.coalescing import coalesce_computed
from accounts_api.records.store.writing import Validator, plan, write
from shared.batches import isolate_failures
from shared.errors import AppError
from shared.traits.definitions import Definitions, read_definitions
from shared.uow import UnitOfWork

__all__ = [
    "PendingRecord",
    "Validator",
    "all_written",
    "coalesce_computed",
    "definitions_of",
    "each_row",
    "hold_off_references",
    "living",
    "living_named",
    "locked",
    "plan",
    "refresh_traits",
    "state_of",
    "states_of",
    "timelines_of",
    "write",
    "write_each",
]

_EVER: Final = datetime.min.replace(tzinfo=UTC)
hold_off_references = queries.hold_off_references
refresh_traits = storing.refresh_traits


class _Named(Protocol):
    @property
    def id(self) -> str | None: ...

    @property
    def external_id(self) -> str | None: ...


RowT = TypeVar("RowT", bound=_Named)


async def write_each(
    uow: UnitOfWork, schema: RecordSchema, edits: Sequence[Edit], writer: Writer = OURSELVES
) -> list[Outcome]:
    """As `write`, and an edit that the database or a listener cannot bear is refused alone."""
    return await each_row(uow, edits, lambda some: write(uow, schema, some, writer))


async def each_row(
    uow: UnitOfWork,
    rows: Sequence[RowT],
    write_some: Callable[[Sequence[RowT]], Awaitable[Sequence[Outcome]]],
) -> list[Outcome]:
    """What `write_some` makes of the rows. One that the database or a listener cannot bear is
    refused alone.
    """
    outcomes: dict[int, Outcome] = {}

    async def write_places(places: Sequence[int]) -> None:
        some = await write_some([rows[place] for place in places])
        outcomes.update(zip(places, some, strict=True))

    async def refuse(place: int, error: Exception) -> None:
        row, known = rows[place], error if isinstance(error, AppError) else NotWritten()
        outcomes[place] = Outcome("rejected", row.id, row.external_id, error=known)

    await isolate_failures(uow, range(len(rows)), write_places, refuse)
    return [outcomes[place] for place in range(len(rows))]


def all_written(outcomes: Sequence[Outcome]) -> None:
    """Raises `NotAllWritten`, with which the others are kept."""
    errors = [outcome for outcome in outcomes if outcome.error is not None]
    if errors:
        first = errors[0].error
        raise NotAllWritten(f"{len(errors)} records, the first of them {errors[0].id}: {first}")


async def state_of(uow: UnitOfWork, schema: RecordSchema, record_id: UUID) -> RecordState | None:
    """One record as plain values, tombstones included."""
    states = await states_of(uow, schema, [str(record_id)])
    return states[0] if states else None


async def states_of(uow: UnitOfWork, schema: RecordSchema, ids: Sequence[str]) -> list[RecordState]:
    return (await queries.load(uow, schema, ids)).states


async def timelines_of(
    uow: UnitOfWork, schema: RecordSchema, ids: Sequence[str]
) -> Mapping[str, Timeline]:
    """Everything that is known of when the fields of these records were what."""
    return await queries.timelines(uow, schema, ids, _EVER) if ids else {}


async def locked(
    uow: UnitOfWork,
    schema: RecordSchema,
    ids: Sequence[str] = (),
    external_ids: Sequence[str] = (),
) -> tuple[list[RecordState], Definitions]:
    """Records, tombstones included, as they are once no other writer holds them, and the
    definitions of their traits.
    """
    await queries.lock(uow, schema, ids, external_ids)
    loaded = await queries.load(uow, schema, ids, external_ids)
    return loaded.states, read_definitions(loaded.definitions)


async def living(uow: UnitOfWork, schema: RecordSchema, ids: Collection[str]) -> Mapping[str, str]:
    """For each id of a record that there is, the id that stands for it: of one that was merged away
    its winner's.
    """
    by_id, _ = await queries.targets(uow, schema, ids, ())
    return by_id


async def living_named(
    uow: UnitOfWork, schema: RecordSchema, external_ids: Iterable[str]
) -> Mapping[str | None, UUID]:
    """As `living`, by external id."""
    wanted = sorted(set(external_ids))
    if not wanted:
        return {}
    _, found = await queries.targets(uow, schema, (), wanted)
    return {external_id: UUID(record_id) for external_id, record_id in found.items()}


async def definitions_of(uow: UnitOfWork, schema: RecordSchema) -> Definitions:
    """Of the record type's traits."""
    return read_definitions((await queries.load(uow, schema)).definitions)

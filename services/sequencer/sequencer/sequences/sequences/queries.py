from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from uuid import UUID

from sqlalchemy import TextClause, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from sequencer.pages import rows_of_page
from sequencer.sequences.sequences.models import sequence_versions, sequences
from sequencer.sequences.sequences.rows import Sequence, SequenceChanges, SequenceVersion
from sequencer.sequences.sequences.versions import Pinned, readable_definition
from shared.data import WORKSPACE
from shared.logging import get_logger
from shared.uow import UnitOfWork

log = get_logger(__name__)

_COLUMNS = tuple(sequences.c[field.name] for field in fields(Sequence))


async def insert_sequence(
    uow: UnitOfWork, sequence_id: UUID, key: str, title: str, draft: Mapping[str, object]
) -> Sequence:
    """Violates `uq_sequences_workspace_id_title` when the title is in use."""
    row = insert(sequences).values(id=sequence_id, key=key, title=title, draft=draft)
    return await uow.one(Sequence, row.returning(*_COLUMNS))


_BY_ID = select(*_COLUMNS).where(
    sequences.c.workspace_id == WORKSPACE, sequences.c.id == bindparam("sequence_id")
)
_LOCK = _BY_ID.with_for_update()


async def sequence_by_id(
    uow: UnitOfWork, sequence_id: UUID, *, lock: bool = False
) -> Sequence | None:
    return await uow.row(Sequence, _LOCK if lock else _BY_ID, sequence_id=sequence_id)


async def sequences_page(
    uow: UnitOfWork, *, state: str | None, after_id: UUID | None, limit: int
) -> list[Sequence]:
    """Archived ones only when asked for."""
    return await rows_of_page(
        uow,
        Sequence,
        sequences,
        {"state": state},
        *(() if state else (sequences.c.state != "archived",)),
        after_id=after_id,
        limit=limit,
        newest_first=False,
    )


async def change_sequence(uow: UnitOfWork, sequence_id: UUID, changes: SequenceChanges) -> Sequence:
    """Violates `uq_sequences_workspace_id_title` when the title is in use."""
    changed = (
        update(sequences)
        .where(sequences.c.workspace_id == uow.workspace_id, sequences.c.id == sequence_id)
        .values(**changes, version=sequences.c.version + 1, updated_at=func.clock_timestamp())
        .returning(*_COLUMNS)
    )
    return await uow.one(Sequence, changed)


async def insert_version(
    uow: UnitOfWork,
    sequence_id: UUID,
    number: int,
    definition: Mapping[str, object],
    published_by: str,
) -> None:
    await uow.run(
        insert(sequence_versions).values(
            sequence_id=sequence_id,
            number=number,
            definition=definition,
            published_by=published_by,
        )
    )


_VERSIONS = (
    select(*(sequence_versions.c[field.name] for field in fields(SequenceVersion)))
    .where(
        sequence_versions.c.workspace_id == WORKSPACE,
        sequence_versions.c.sequence_id == bindparam("sequence_id"),
    )
    .order_by(sequence_versions.c.number.desc())
    .limit(100)
)
_VERSION = _VERSIONS.where(sequence_versions.c.number == bindparam("number"))


async def versions_of(uow: UnitOfWork, sequence_id: UUID) -> list[SequenceVersion]:
    """Newest first."""
    return await uow.rows(SequenceVersion, _VERSIONS, sequence_id=sequence_id)


async def version_by_number(
    uow: UnitOfWork, sequence_id: UUID, number: int
) -> SequenceVersion | None:
    return await uow.row(SequenceVersion, _VERSION, sequence_id=sequence_id, number=number)


_COUNT_ENABLED = text(
    "select count(*) from sequences where workspace_id = :workspace_id"
    " and state = 'enabled' and published_version is not null"
)


async def count_enabled(uow: UnitOfWork) -> int:
    return await uow.one_value(int, _COUNT_ENABLED)


@dataclass(frozen=True, slots=True)
class _StoredVersion:
    id: UUID
    title: str
    state: str
    number: int
    definition: Mapping[str, object]


_PINNED = """
    select s.id, s.title, s.state, v.number, v.definition
    from sequences s
    join sequence_versions v on v.workspace_id = s.workspace_id and v.sequence_id = s.id
    where s.workspace_id = :workspace_id and {which}
    order by s.id, v.number
"""
_ENABLED = text(_PINNED.format(which="v.number = s.published_version and s.state = 'enabled'"))


async def enabled_sequences(uow: UnitOfWork) -> list[Pinned]:
    """What new enrollments would be pinned to, of every enabled sequence."""
    return await _readable(uow, _ENABLED)


_ONE = text(_PINNED.format(which="v.number = s.published_version and s.id = :sequence_id"))


async def published_sequence(uow: UnitOfWork, sequence_id: UUID) -> Pinned | None:
    """None for one that is not published, or cannot be read any more."""
    versions = await _readable(uow, _ONE, sequence_id=sequence_id)
    return versions[0] if versions else None


_SOME = text(
    _PINNED.format(
        which="(s.id, v.number) in"
        " (select * from unnest(cast(:ids as uuid[]), cast(:numbers as bigint[])))"
    )
)


async def pinned_versions(uow: UnitOfWork, wanted: Collection[tuple[UUID, int]]) -> list[Pinned]:
    ids, numbers = [key for key, _ in wanted], [number for _, number in wanted]
    return await _readable(uow, _SOME, ids=ids, numbers=numbers)


async def _readable(uow: UnitOfWork, statement: TextClause, **params: object) -> list[Pinned]:
    """A definition that an older release stored and we cannot read costs only its own sequence."""
    readable = []
    for row in await uow.rows(_StoredVersion, statement, **params):
        definition = readable_definition(row.definition)
        if definition is None:
            log.error("a version cannot be read", sequence=str(row.id), number=row.number)
            continue
        readable.append(Pinned(row.id, row.title, row.state, row.number, definition))
    return readable

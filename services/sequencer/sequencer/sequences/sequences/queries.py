from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from sequencer.sequences.sequences.models import Sequence, SequenceVersion
from sequencer.sequences.sequences.versions import Pinned, readable_definition
from shared.logging import get_logger

log = get_logger(__name__)

_PINNED = """
    select s.id, s.title, s.state, v.number, v.definition
    from sequences s
    join sequence_versions v on v.workspace_id = s.workspace_id and v.sequence_id = s.id
    where s.workspace_id = :workspace_id and {which}
    order by s.id, v.number
"""
_CURRENT = text(_PINNED.format(which="v.number = s.published_version and s.state = 'enabled'"))
_ONE = text(_PINNED.format(which="v.number = s.published_version and s.id = :sequence_id"))
_SOME = text(
    _PINNED.format(
        which="(s.id, v.number) in"
        " (select * from unnest(cast(:ids as uuid[]), cast(:numbers as bigint[])))"
    )
)


async def sequence_by_id(
    session: AsyncSession, workspace_id: UUID, sequence_id: UUID, *, lock: bool = False
) -> Sequence | None:
    found = select(Sequence).where(
        Sequence.workspace_id == workspace_id, Sequence.id == sequence_id
    )
    if lock:
        found = found.with_for_update()
    return (await session.scalars(found)).one_or_none()


async def sequences_page(
    session: AsyncSession,
    workspace_id: UUID,
    *,
    state: str | None,
    after_id: UUID | None,
    limit: int,
) -> list[Sequence]:
    """Archived ones only when asked for."""
    page = select(Sequence).where(Sequence.workspace_id == workspace_id)
    page = page.where(Sequence.state == state if state else Sequence.state != "archived")
    if after_id is not None:
        page = page.where(Sequence.id > after_id)
    return list(await session.scalars(page.order_by(Sequence.id).limit(limit + 1)))


async def versions_of(
    session: AsyncSession, workspace_id: UUID, sequence_id: UUID
) -> list[SequenceVersion]:
    """Newest first."""
    found = (
        select(SequenceVersion)
        .where(
            SequenceVersion.workspace_id == workspace_id,
            SequenceVersion.sequence_id == sequence_id,
        )
        .order_by(SequenceVersion.number.desc())
        .limit(100)
    )
    return list(await session.scalars(found))


async def version_by_number(
    session: AsyncSession, workspace_id: UUID, sequence_id: UUID, number: int
) -> SequenceVersion | None:
    found = select(SequenceVersion).where(
        SequenceVersion.workspace_id == workspace_id,
        SequenceVersion.sequence_id == sequence_id,
        SequenceVersion.number == number,
    )
    return (await session.scalars(found)).one_or_none()


async def enabled_sequences(session: AsyncSession, workspace_id: UUID) -> list[Pinned]:
    return await _pinned(session, _CURRENT, {"workspace_id": workspace_id})


async def count_enabled(session: AsyncSession, workspace_id: UUID) -> int:
    found = await session.execute(
        text(
            "select count(*) from sequences where workspace_id = :workspace_id"
            " and state = 'enabled' and published_version is not null"
        ),
        {"workspace_id": workspace_id},
    )
    return int(found.scalar_one())


async def published_sequence(
    session: AsyncSession, workspace_id: UUID, sequence_id: UUID
) -> Pinned | None:
    found = await _pinned(session, _ONE, {"workspace_id": workspace_id, "sequence_id": sequence_id})
    return found[0] if found else None


async def pinned_versions(
    session: AsyncSession, workspace_id: UUID, wanted: Collection[tuple[UUID, int]]
) -> list[Pinned]:
    pairs = list(wanted)
    return await _pinned(
        session,
        _SOME,
        {
            "workspace_id": workspace_id,
            "ids": [sequence_id for sequence_id, _ in pairs],
            "numbers": [number for _, number in pairs],
        },
    )


async def _pinned(
    session: AsyncSession, statement: TextClause, values: dict[str, Any]
) -> list[Pinned]:
    """A definition that an older release stored and we cannot read costs only its own sequence."""
    found = []
    for row in await session.execute(statement, values):
        definition = readable_definition(row.definition)
        if definition is None:
            log.error("a version cannot be read", sequence=str(row.id), number=row.number)
            continue
        found.append(Pinned(row.id, row.title, row.state, row.number, definition))
    return found

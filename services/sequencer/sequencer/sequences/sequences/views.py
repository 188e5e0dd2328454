"""A sequence as clients see it: its draft, and how it stands."""

from typing import Any
from uuid import UUID

from sequencer.replica import service as records
from sequencer.sequences.sequences import service
from sequencer.sequences.sequences.rows import Sequence
from shared.uow import UnitOfWork


async def shown(uow: UnitOfWork, sequence: Sequence) -> dict[str, Any]:
    audience = _id_in(sequence.draft.get("audience_segment_id"))
    known = await records.segments(uow, [audience]) if audience else {}
    segment = known.get(audience) if audience else None
    return {
        **sequence.draft,
        "id": sequence.id,
        "version": sequence.version,
        "key": sequence.key,
        "title": sequence.title,
        "state": sequence.state,
        "published_version": sequence.published_version,
        "has_unpublished_changes": await service.has_unpublished_changes(uow, sequence),
        "audience_title": segment.title if segment else None,
        "created_at": sequence.created_at,
        "updated_at": sequence.updated_at,
    }


def _id_in(stored: Any) -> UUID | None:
    try:
        return UUID(stored) if stored else None
    except (TypeError, ValueError, AttributeError):
        return None

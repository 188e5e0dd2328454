"""A sequence as clients see it: its draft, and how it stands."""

from typing import Any
from uuid import UUID

from sequencer.replica import service as records
from sequencer.replica.schemas import Segment
from sequencer.sequences.sequences import service
from sequencer.sequences.sequences.rows import Sequence
from shared.uow import UnitOfWork


async def shown(uow: UnitOfWork, sequence: Sequence) -> dict[str, Any]:
    named = ("audience_segment_id", "account_segment_id")
    asked = [_id_in(sequence.draft.get(name)) for name in named]
    known = await records.segments(uow, [one for one in asked if one is not None])
    audience, accounts = (known.get(one) if one else None for one in asked)
    return {
        **sequence.draft,
        "id": sequence.id,
        "version": sequence.version,
        "key": sequence.key,
        "title": sequence.title,
        "state": sequence.state,
        "published_version": sequence.published_version,
        "has_unpublished_changes": await service.has_unpublished_changes(uow, sequence),
        "audience_title": audience.title if audience else None,
        "audience_segment_key": _key_of(audience),
        "account_segment_key": _key_of(accounts),
        "created_at": sequence.created_at,
        "updated_at": sequence.updated_at,
    }


def _key_of(segment: Segment | None) -> str | None:
    """An archived segment has left its key, which may be another's by now."""
    return None if segment is None or segment.archived else segment.key


def _id_in(stored: Any) -> UUID | None:
    try:
        return UUID(stored) if stored else None
    except (TypeError, ValueError, AttributeError):
        return None

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts_api.records import vocabulary
from accounts_api.records.service import active_members, living
from accounts_api.records.writing import known_key_roles
from accounts_api.segments import service as segments
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Asked:
    records: Iterable[tuple[str, UUID]]
    """Record type and id."""
    members: Iterable[UUID]
    key_roles: Iterable[str]
    segments: Iterable[UUID]


async def known(uow: UnitOfWork, asked: Asked) -> dict[str, Any]:
    """What there is of it. Of records the id that stands for each: a record that was merged away
    stands for its winner.
    """
    by_type: dict[str, list[str]] = defaultdict(list)
    for record_type, record_id in asked.records:
        by_type[record_type].append(str(record_id))
    records: dict[str, dict[str, str]] = {}
    for record_type, ids in by_type.items():
        kind = await vocabulary.kind_named(uow, record_type)
        if kind is not None:
            records[record_type] = dict(await living(uow, kind, ids))
    roles = await known_key_roles(uow)
    return {
        "records": records,
        "members": sorted(await active_members(uow, [str(one) for one in asked.members])),
        "key_roles": sorted(roles & set(asked.key_roles)),
        "segments": {
            str(one.id): {
                "title": one.title,
                "record_type": one.record_type,
                "archived": one.archived_at is not None,
            }
            for one in await segments.those_of(uow, asked.segments)
        },
    }

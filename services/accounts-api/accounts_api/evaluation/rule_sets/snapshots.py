"""What a rule sees of one record, read for an explanation."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from accounts_api.evaluation.rule_sets import queries
from accounts_api.language.rules.reads import reads_of
from accounts_api.records.history.as_of import MovedTypes
from shared.errors import NotFound
from shared.rules.interpreter.evaluate import Snapshot
from shared.rules.interpreter.needs import needs
from shared.rules.interpreter.snapshots import read_snapshot
from shared.rules.types.context import EvaluationContext
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork


class FindMoved(Protocol):
    """What time has made of those of the fields that it may move: (uow, record types and names of
    fields). It is worked out for every record of a type, or `only` for those with these ids.
    """

    async def __call__(
        self,
        uow: UnitOfWork,
        read: AbstractSet[tuple[str, str]],
        /,
        *,
        only: Mapping[str, Sequence[str]],
    ) -> MovedTypes: ...


@dataclass(frozen=True, slots=True)
class SnapshotHooks:
    moved: FindMoved


async def record_seen_by(
    uow: UnitOfWork, rule: Rule, record_id: UUID, context: EvaluationContext
) -> Snapshot:
    """Of a live record, with what time has made of its formulas. Raises `NotFound`."""
    needed = needs(rule)
    only = {rule.type.name: [str(record_id)]}
    moved = await uow.wired(SnapshotHooks).moved(uow, reads_of([rule]), only=only)
    written = await queries.snapshot_text(uow, needed, record_id, context, moved)
    if written is None:
        raise NotFound(f"There is no {rule.type.name} with this id.")
    return read_snapshot(needed, written)

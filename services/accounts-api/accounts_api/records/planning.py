"""What a batch of edits would do, without doing it."""

from collections.abc import Sequence

from accounts_api.records.edits import Edit, Outcome, Writer
from accounts_api.records.kinds import Kind
from accounts_api.records.writing import Judge, _batch, _finish
from shared.uow import UnitOfWork


async def plan(
    uow: UnitOfWork,
    kind: Kind,
    edits: Sequence[Edit],
    writer: Writer,
    *,
    judge: Judge | None = None,
) -> list[Outcome]:
    """As `write` would answer if nobody else wrote meanwhile; what a judge tells stays untold."""
    told = len(uow.events)
    batch = await _batch(uow, kind, edits, writer, lock=False)
    for edit in edits:
        batch.take(edit)
    if judge is not None:
        changing = [proposal for proposal, _ in batch.changed()]
        for record_id, error in (await judge(uow, changing)).items():
            batch.refuse(batch.proposals[record_id], error)
    del uow.events[told:]
    _finish(batch)
    return batch.outcomes

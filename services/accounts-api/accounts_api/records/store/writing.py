"""The one way in which records change: wherever the change comes from, it ends in `write`.

A batch is one round of statements however many records it holds: lock what exists, look up what is
named, work out the changes, store records with their history, publish one event for each record
that really changed, and tell the listeners, all in the caller's transaction.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import count
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from accounts_api.records.editing.batch import Batch, PendingRecord
from accounts_api.records.editing.dating import ToldFact
from accounts_api.records.editing.edits import OURSELVES, Edit, Outcome, Writer, snapshot
from accounts_api.records.editing.filling import Differences
from accounts_api.records.editing.record_formulas import formula_causes
from accounts_api.records.holdings.rules import Holders
from accounts_api.records.holdings.service import move_holdings, retell_holdings
from accounts_api.records.schema.errors import TAKEN, ExternalIdTaken
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.schema.rules import RecordState, event_field_names, field_of
from accounts_api.records.store import hooks, storing
from accounts_api.records.store.hooks import RecordChange
from accounts_api.records.store.loading import load_batch
from shared.db import refuse
from shared.errors import AppError, Fault
from shared.events.records import ChangeKind
from shared.ids import new_id
from shared.uow import UnitOfWork

OPTIMISTIC_ATTEMPTS = 2
"""Attempts without a lock on rows: the second sees what the first waited for."""
Validator = Callable[[UnitOfWork, Sequence[PendingRecord]], Awaitable[Mapping[str, AppError]]]
"""A feature's own say on what records would become: record id to the refusal."""


async def write(
    uow: UnitOfWork,
    schema: RecordSchema,
    edits: Sequence[Edit],
    writer: Writer = OURSELVES,
    *,
    validate: Validator | None = None,
    merged_into: UUID | None = None,
) -> list[Outcome]:
    """Apply `edits` in order; one outcome for each. A refused one leaves its record as it was.

    Editing something into what it is already changes nothing: no version, no history, no event.
    Records are read without a lock and stored where they still are what was read; edits of those
    that another transaction holds or has changed meanwhile are worked out again behind a lock.
    """
    outcomes: list[Outcome | None] = [None] * len(edits)
    left = list(range(len(edits)))
    for attempt in count(1):
        batch = await load_batch(
            uow, schema, [edits[at] for at in left], writer, lock=attempt > OPTIMISTIC_ATTEMPTS
        )
        for at in left:
            batch.apply(edits[at])
        if validate is not None:
            changing = [pending for pending, _ in batch.changed()]
            for record_id, error in (await validate(uow, changing)).items():
                batch.refuse(batch.pending[record_id], error)
        lost = {left[place] for place in await _store(uow, batch, merged_into)}
        _finish(batch)
        for at, outcome in zip(left, batch.outcomes, strict=True):
            outcomes[at] = outcome
        left = []
        for at in sorted(lost):
            if edits[at].mode == "create":
                outcomes[at] = Outcome("rejected", error=_taken(edits[at]))
            else:
                left.append(at)
        if not left:
            break
    return [outcome for outcome in outcomes if outcome is not None]


async def plan(
    uow: UnitOfWork,
    schema: RecordSchema,
    edits: Sequence[Edit],
    writer: Writer,
    *,
    validate: Validator | None = None,
) -> list[Outcome]:
    """As `write` would answer if nobody else wrote meanwhile; what `validate` publishes is
    taken back.
    """
    published = len(uow.events)
    batch = await load_batch(uow, schema, edits, writer, lock=False, holds=False)
    for edit in edits:
        batch.apply(edit)
    if validate is not None:
        changing = [pending for pending, _ in batch.changed()]
        for record_id, error in (await validate(uow, changing)).items():
            batch.refuse(batch.pending[record_id], error)
    del uow.events[published:]
    _finish(batch)
    return batch.outcomes


def _taken(edit: Edit) -> ExternalIdTaken:
    return ExternalIdTaken(
        f"The external id {edit.external_id!r} is taken.",
        faults=[Fault(f"{edit.pointer}/external_id", TAKEN, "Another record has it.")],
    )


async def _store(uow: UnitOfWork, batch: Batch, merged_into: UUID | None) -> list[int]:
    """Write what changed; the places of the edits whose record another transaction made or
    changed first.
    """
    changed = batch.changed()
    cause = to_json(uow.cause).decode()
    causes = formula_causes(batch.lookups.definitions.values(), batch.filling.computed, uow.cause)
    # In one order by every writer, or two of them would wait for each other's external ids.
    new = sorted(
        (pending for pending, _ in changed if pending.before is None),
        key=lambda pending: pending.after["external_id"] or "",
    )
    old = [(pending, changes) for pending, changes in changed if pending.before is not None]
    stamps: list[storing.Stamp] = []
    if new:
        stamps += await storing.insert_records(
            uow,
            batch.schema,
            [_row(batch.schema, pending.after) for pending in new],
            [row for pending in new for row in _born(pending)],
            cause,
        )
    if old:
        taken = ExternalIdTaken("Someone else took one of these external ids just now.")
        async with refuse(f"uq_{batch.schema.table}_{'_'.join(batch.schema.key)}", taken):
            stamps += await storing.update_records(
                uow,
                batch.schema,
                [
                    _row(batch.schema, pending.after) | _counted(batch, pending, changes)
                    for pending, changes in old
                ],
                [
                    _history(pending.after["id"], fact) | {"cause": causes.get(fact.field)}
                    for pending, changes in old
                    for fact in _facts(pending, changes)
                ],
                cause,
            )
    by_id = {stamp.id: stamp for stamp in stamps}
    stored = [(pending, changes) for pending, changes in changed if pending.after["id"] in by_id]
    await _store_parts(uow, batch, stored)
    for pending, _ in stored:
        stamp = by_id[pending.after["id"]]
        pending.after["version"] = stamp.version
        pending.after["computed_version"] = stamp.computed_version
        pending.after["created_at"] = stamp.created_at
        pending.after["updated_at"] = stamp.updated_at
    await _announce(uow, batch, stored, merged_into)
    return [
        place
        for pending, _ in changed
        if pending.after["id"] not in by_id
        for place in pending.edits
    ]


def _row(schema: RecordSchema, state: RecordState) -> dict[str, Any]:
    names = ("id", "external_id", "source", *schema.by_name, "traits", "deleted")
    return {name: state[name] for name in (*names, "version", "computed_version")}


def _counted(batch: Batch, pending: PendingRecord, changes: Differences) -> dict[str, bool]:
    """Which of its versions a record moves on: of what is written, of what is worked out."""
    touched = changes.keys() | {fact.field for fact in pending.facts}
    computed = batch.computed_among(touched)
    return {"written": bool(touched - computed), "computed": bool(computed)}


def _born(pending: PendingRecord) -> Iterable[dict[str, Any]]:
    """A new record's history: that it began, and what it has been told of later instants."""
    for fact in (ToldFact("created", None, None, pending.since), *pending.facts):
        yield _history(pending.after["id"], fact)


def _facts(pending: PendingRecord, changes: Differences) -> Iterable[ToldFact]:
    return pending.facts or [ToldFact(name, *values, None) for name, values in changes.items()]


def _history(record_id: str, fact: ToldFact) -> dict[str, Any]:
    return {"record_id": record_id, "id": new_id(), **asdict(fact)}


async def _store_parts(
    uow: UnitOfWork,
    batch: Batch,
    stored: Sequence[tuple[PendingRecord, Differences]],
) -> None:
    if batch.schema.related == "accounts":
        relinked = [pending.after for pending, changes in stored if "accounts" in changes]
        if relinked:
            await storing.link_contacts(
                uow,
                [state["id"] for state in relinked],
                [{"contact_id": s["id"], **link} for s in relinked for link in s["accounts"]],
            )
    if batch.schema.related == "key_roles":
        known = batch.lookups.key_roles
        moves = [(p.after["id"], changes) for p, changes in stored if not _is_dated(p)]
        await move_holdings(uow, known, moves)
        told = [(p.after["id"], *held) for p, _ in stored if _is_dated(p) for held in _held(p)]
        await retell_holdings(uow, known, told)


def _is_dated(pending: PendingRecord) -> bool:
    return pending.first_since is not None


def _held(pending: PendingRecord) -> Iterable[tuple[str, Holders]]:
    """Who held the key roles of an account whose history was told, by field."""
    timeline = pending.timeline
    if timeline is None:
        return
    told = [fact.field for fact in pending.facts]
    began = pending.after["key_roles"] if pending.before is None else {}
    names = [*told, *(f"key_roles.{key}" for key in began)]
    for name in dict.fromkeys(name for name in names if name.startswith("key_roles.")):
        facts = timeline.facts.get(name, [])
        if pending.before is None:
            first = timeline.began[name] if facts else field_of(pending.after, name)
            held = [(timeline.born, first), *((fact.valid_from, fact.new) for fact in facts)]
            since, before = timeline.born, None
        else:
            since = min(fact.since for fact in pending.facts if fact.field == name and fact.since)
            before = timeline.before(name, since, pending.before)
            held = [(fact.valid_from, fact.new) for fact in facts if fact.valid_from >= since]
        yield name, Holders(since, before or (), [(at, who or ()) for at, who in held])


async def _announce(
    uow: UnitOfWork,
    batch: Batch,
    stored: Sequence[tuple[PendingRecord, Differences]],
    merged_into: UUID | None,
) -> None:
    """One event for each record, with its whole state, and word to the listeners."""
    schema, changes = batch.schema, []
    for pending, differences in stored:
        change = _change(pending, merged_into)
        if change == "updated" and not _counted(batch, pending, differences)["written"]:
            change = "computed"
        fields = frozenset(differences) - {"deleted"}
        corrected = {fact.field for fact in pending.facts} - differences.keys() - {"deleted"}
        since = pending.first_since
        changes.append(
            RecordChange(
                UUID(pending.after["id"]),
                change,
                fields,
                pending.before,
                pending.after,
                merged_into,
                since,
                frozenset(corrected),
                pending.held_since,
                pending.told_since,
            )
        )
        uow.publish(
            schema.event.model_validate(
                {
                    "id": pending.after["id"],
                    "version": pending.after["version"],
                    "computed_version": pending.after["computed_version"],
                    "change": change,
                    "changed": event_field_names(fields),
                    "previous": _previous(pending, differences),
                    "corrected": event_field_names(corrected),
                    "effective_at": since,
                    "merged_into": merged_into,
                    "record": snapshot(schema, pending.after),
                    **schema.event_fields,
                }
            )
        )
    await hooks.notify(uow, schema.record_type, changes)


def _previous(pending: PendingRecord, differences: Differences) -> dict[str, Any]:
    """As `record` shows them: all key roles under one name."""
    if pending.before is None:
        return {}
    held = {name for name in differences if name.startswith("key_roles.")}
    values = {name: was for name, (was, _) in differences.items() if name not in held | {"deleted"}}
    return values | ({"key_roles": pending.before["key_roles"]} if held else {})


def _change(pending: PendingRecord, merged_into: UUID | None) -> ChangeKind:
    if pending.before is None:
        return "created"
    if pending.after["deleted"] is not pending.before["deleted"]:
        if pending.after["deleted"]:
            return "deleted" if merged_into is None else "merged"
        return "undeleted"
    return "updated"


def _finish(batch: Batch) -> None:
    """Outcomes show the record as the whole batch left it."""
    for place in batch.undone():
        batch.outcomes[place].status = "unchanged"
    for outcome in batch.outcomes:
        if outcome.error is None and outcome.id in batch.pending:
            outcome.record = batch.pending[outcome.id].after
            outcome.version = outcome.record["version"]

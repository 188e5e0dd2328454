"""Deals with some rows: decide, tell the accounts service, keep what came of it."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from shared.batches import isolate_failures, reason_of
from shared.fault_points import faultpoint
from shared.uow import UnitOfWork
from sync_worker.connectors.base import Row, Stream
from sync_worker.crm_sync.inbound.context import SyncRunContext
from sync_worker.crm_sync.inbound.rules import (
    Item,
    Plan,
    body_of,
    changed_at,
    difference,
    folded,
    folded_association,
    folded_or_rejected,
    left_out_now,
    planned,
    refused_values,
    users_in,
    with_accounts,
)
from sync_worker.crm_sync.records import service as records
from sync_worker.crm_sync.records.service import RowResult
from sync_worker.crm_sync.source_records import service as source_records
from sync_worker.crm_sync.source_records.rules import KnownRecord, retry_pause
from sync_worker.crm_sync.source_records.service import Kept
from sync_worker.crm_sync.translation.document import ObjectMap
from sync_worker.crm_sync.translation.fold import Content
from sync_worker.runner.runs import service as runs
from sync_worker.runner.streams.service import KeepPlace


async def apply_rows(
    context: SyncRunContext,
    stream: Stream,
    rows: Sequence[Row],
    *,
    scan_id: UUID | None = None,
    keep: KeepPlace | None = None,
    again: bool = False,
) -> None:
    """One effect per row, then one transaction that keeps the rows, the place in the stream and the
    progress. Raises `AccountsAway` or `LostLease`.
    """
    if not rows:
        return
    items = await _items(context, stream, rows)
    known = await _known(context, stream.name, items)
    plan = planned(items, known, again=again)
    kept = [_gone(item, stream) for item in plan.pending_deletion] + [
        _rejected(item, item.trouble, known) for item in plan.rejected
    ]
    joins = stream.type.joins
    if joins is not None:
        kept += [_synced(item) for item in (*plan.whole, *plan.changed)]
        written = len(plan.whole) + len(plan.changed)
    else:
        sent, written = await _send(context, stream.name, plan, known)
        kept += sent
    faultpoint("pull.before_keep", context.connection.workspace_id)
    async with _keeping(context, stream.name, plan, kept, scan_id, written) as uow:
        if keep is not None:
            await keep(uow)
        if joins is not None:
            where = uow, context.connection.id, joins
            await source_records.make_stale(*where, _joined_by(kept, known))


async def _items(context: SyncRunContext, stream: Stream, rows: Sequence[Row]) -> list[Item]:
    if stream.type.joins is not None:
        relate = partial(folded_association, context.mapping)
        return [folded_or_rejected(relate, row) for row in rows]
    mapping = context.fitted[stream.name]

    def fold(row: Row) -> Item:
        return folded(mapping, stream.type, row, context.locale)

    items = [folded_or_rejected(fold, row) for row in rows]
    if context.becomes(stream.name) != "contact":
        return items
    joining = [each.name for each in context.connector.spec.streams if each.joins == stream.name]
    async with context.read_only() as uow:
        associations = await source_records.associations_of(
            uow,
            context.connection.id,
            joining,
            [each.external_id for each in items],
        )
    return [with_accounts(item, associations.get(item.external_id, ())) for item in items]


async def _known(
    context: SyncRunContext, stream: str, items: Sequence[Item]
) -> dict[str, KnownRecord]:
    async with context.read_only() as uow:
        return await source_records.known_records(
            uow,
            context.connection.id,
            stream,
            {item.external_id: item.hash for item in items},
        )


async def _send(
    context: SyncRunContext, stream: str, plan: Plan, known: Mapping[str, KnownRecord]
) -> tuple[list[Kept], int]:
    """Tell the accounts service; what to keep of each row, and how many it took."""
    changes = [(item, item.content) for item in plan.whole]
    changes += [(item, _changed_fields(item, known[item.external_id])) for item in plan.changed]
    unsent = [
        _kept(item, "synced", left_out=left_out_now(known[item.external_id], item, changed))
        for item, changed in changes
        if not changed
    ]
    sent = [(item, changed) for item, changed in changes if changed]
    if not sent:
        return unsent, 0
    members = await _members(context, [changed for _, changed in sent])
    system = context.connection.system
    bodies = [
        body_of(
            item.external_id,
            changed,
            members,
            source=system,
            effective_at=changed_at(item, known.get(item.external_id)),
        )
        for item, changed in sent
    ]
    mapping = context.fitted[stream]
    results = await context.records.write(mapping.record_type, [row for row, _ in bodies])
    # Where users are not mapped, nobody is expected to be a member.
    members_stream = context.members
    are_users_mapped = bool(members_stream and context.mapping.of(members_stream))
    kept = [
        _answered(item, changed, result, unknown if are_users_mapped else (), known, mapping)
        for (item, changed), result, (_, unknown) in zip(sent, results, bodies, strict=True)
    ]
    return unsent + kept, sum(result.status in {"created", "updated"} for result in results)


def _changed_fields(item: Item, before: KnownRecord) -> Content:
    return difference(before.content or {}, item.content)


async def _members(context: SyncRunContext, contents: Sequence[Content]) -> dict[str, UUID | None]:
    users = sorted({user for content in contents for user in users_in(content)})
    if not users or context.members is None:
        return {}
    async with context.read_only() as uow:
        return await source_records.members_by_user(
            uow, context.connection.id, context.members, users
        )


def _answered(
    item: Item,
    sent: Content,
    result: RowResult,
    unknown_users: Sequence[str],
    known: Mapping[str, KnownRecord],
    mapping: ObjectMap,
) -> Kept:
    if result.status == "rejected":
        if result.code == records.DELETED_BY_PERSON:
            # It stays away until a person brings it back; asking again would change nothing.
            return _kept(item, "rejected", reason="A person deleted it here.")
        return _rejected(item, result.reason(), known)
    left_out = left_out_now(known.get(item.external_id), item, sent)
    left_out += refused_values(mapping, sent, result.left_out)
    if unknown_users:
        named = ", ".join(sorted(set(unknown_users)))
        reason = f"No member here for the user {named}; the rest is in."
        return replace(_rejected(item, reason, known), left_out=left_out, record_id=result.id)
    return _kept(item, "synced", record_id=result.id, left_out=left_out)


def _kept(item: Item, state: str, **more: Any) -> Kept:
    return Kept(
        external_id=item.external_id,
        modstamp=item.modstamp,
        hash=item.hash,
        content=item.content,
        state=state,  # type: ignore[arg-type]  # callers name one of them
        parent_id=item.parent_id,
        **more,
    )


def _synced(item: Item) -> Kept:
    return _kept(item, "synced")


def _gone(item: Item, stream: Stream) -> Kept:
    """An association just ends; a record ends after the run has seen how many do."""
    state = "pending_deletion" if stream.type.joins is None else "deleted"
    return _kept(item, state, merged_into=item.merged_into)


def _rejected(item: Item, reason: str | None, known: Mapping[str, KnownRecord]) -> Kept:
    before = known.get(item.external_id)
    attempts = before.attempts if before is not None and before.state == "rejected" else 0
    return _kept(item, "rejected", reason=reason, retry_in=float(retry_pause(attempts + 1)))


async def _keep_each(
    context: SyncRunContext,
    uow: UnitOfWork,
    stream: str,
    kept: Sequence[Kept],
    scan_id: UUID | None,
) -> int:
    """What the database does not take of one row costs that row; how many it did not take."""
    at = uow, context.connection.id, stream
    lost = 0

    async def keep(rows: Sequence[Kept]) -> None:
        await source_records.keep_records(*at, rows, scan_id)

    async def set_aside(row: Kept, error: Exception) -> None:
        nonlocal lost
        lost += 1
        await keep([_without_content(row, f"We cannot store it. {reason_of(error)}")])

    await isolate_failures(uow, kept, keep, set_aside)
    return lost


def _without_content(row: Kept, why: str) -> Kept:
    """What is left of a row that the database does not take."""
    return Kept(
        row.external_id,
        row.modstamp,
        b"",
        {},
        "rejected",
        reason=why,
        retry_in=float(retry_pause(2)),
    )


@contextlib.asynccontextmanager
async def _keeping(
    context: SyncRunContext,
    stream: str,
    plan: Plan,
    kept: Sequence[Kept],
    scan_id: UUID | None,
    written: int,
) -> AsyncIterator[UnitOfWork]:
    """The transaction that keeps rows and progress."""
    more = {
        "read": len(kept) + len(plan.unchanged),
        "written": written,
        "unchanged": len(plan.unchanged),
        "rejected": sum(row.state == "rejected" for row in kept),
        "warned": sum(bool(row.left_out) for row in kept),
    }
    progress = context.of(stream)
    seen = [(each.external_id, each.modstamp, each.hash) for each in plan.unchanged]

    async with context.commit() as uow:
        at = uow, context.connection.id, stream
        more["rejected"] += await _keep_each(context, uow, stream, kept, scan_id)
        await source_records.mark_seen(*at, seen, scan_id)
        yield uow
        for name, count in more.items():
            setattr(progress, name, getattr(progress, name) + count)
        await runs.advance(uow, context.run_id, stream, progress, more, context.link.requests)


def _joined_by(kept: Sequence[Kept], known: Mapping[str, KnownRecord]) -> list[str]:
    """Whose accounts may be others now: a merge lets an association join another record."""
    now = {row.parent_id for row in kept}
    before = {each.content.get("contact") for each in known.values() if each.content is not None}
    return sorted(each for each in now | before if each is not None)

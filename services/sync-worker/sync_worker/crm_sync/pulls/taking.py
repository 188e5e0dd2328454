"""Deals with a handful of rows: decide, tell the accounts service, keep what came of it."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from shared.batches import each_at_its_own_risk, reason_of
from shared.fault_points import faultpoint
from shared.uow import UnitOfWork
from sync_worker.connectors.salesforce.rules.mapping import Content, ObjectMap
from sync_worker.crm_sync.pulls import queries
from sync_worker.crm_sync.pulls.queries import Kept, OpenWindow
from sync_worker.crm_sync.pulls.rules import (
    RELATIONS,
    Item,
    Known,
    Plan,
    at_its_own_risk,
    body_of,
    difference,
    folded,
    folded_relation,
    left_out_now,
    planned,
    refused_values,
    retry_pause,
    users_in,
    with_accounts,
)
from sync_worker.crm_sync.pulls.turn import Turn
from sync_worker.crm_sync.records import service as records
from sync_worker.crm_sync.records.service import RowResult
from sync_worker.runner.runs import service as runs

Row = Mapping[str, Any]


async def take(
    turn: Turn,
    sobject: str,
    rows: Sequence[Row],
    *,
    within: OpenWindow | None = None,
    again: bool = False,
) -> None:
    """One effect per row, then one transaction that keeps the rows, the place in the window and the
    progress. Raises `AccountsAway` or `LostLease`.
    """
    if not rows:
        return
    items = await _items(turn, sobject, rows)
    known = await _known(turn, sobject, items)
    plan = planned(items, known, again=again)
    kept = [_gone(item) for item in plan.doomed] + [
        _parked(item, item.trouble, known) for item in plan.parked
    ]
    written = 0
    if sobject in RELATIONS:
        kept += [_synced(item) for item in (*plan.whole, *plan.changed)]
        written = len(plan.whole) + len(plan.changed)
    else:
        sent, written = await _send(turn, sobject, plan, known)
        kept += sent
    faultpoint("pull.before_keep")
    async with _keeping(turn, sobject, plan, kept, within, written) as uow:
        at = uow.session, uow.workspace_id, turn.connection.id, sobject
        last = _last_settled(items, within)
        if last is not None:
            await queries.move_window(*at, last.modstamp, last.external_id)
        if sobject in RELATIONS:
            await queries.make_contacts_stale(*at[:3], _contacts_of(kept, known))


async def _items(turn: Turn, sobject: str, rows: Sequence[Row]) -> list[Item]:
    if sobject in RELATIONS:
        relate = partial(folded_relation, turn.mapping, sobject)
        return [at_its_own_risk(relate, row) for row in rows]
    fold = partial(folded, turn.fitted[sobject], locale=turn.locale)
    items = [at_its_own_risk(fold, row) for row in rows]
    if sobject != "Contact":
        return items
    async with turn.look() as uow:
        relations = await queries.relations_of(
            uow.session, uow.workspace_id, turn.connection.id, [each.external_id for each in items]
        )
    return [with_accounts(item, relations.get(item.external_id, ())) for item in items]


async def _known(turn: Turn, sobject: str, items: Sequence[Item]) -> dict[str, Known]:
    async with turn.look() as uow:
        return await queries.known_records(
            uow.session,
            uow.workspace_id,
            turn.connection.id,
            sobject,
            {item.external_id: item.hash for item in items},
        )


async def _send(
    turn: Turn, sobject: str, plan: Plan, known: Mapping[str, Known]
) -> tuple[list[Kept], int]:
    """Tell the accounts service; what to keep of each row, and how many it took."""
    news = [(item, item.content) for item in plan.whole]
    news += [(item, _news(item, known[item.external_id])) for item in plan.changed]
    untold = [
        _kept(item, "synced", left_out=left_out_now(known[item.external_id], item, new))
        for item, new in news
        if not new
    ]
    sent = [(item, new) for item, new in news if new]
    if not sent:
        return untold, 0
    members = await _members(turn, [new for _, new in sent])
    bodies = [body_of(item.external_id, new, members) for item, new in sent]
    mapping = turn.fitted[sobject]
    results = await turn.records.write(mapping.record_type, [row for row, _ in bodies])
    # Where users are not mapped, nobody is expected to be a member.
    are_users_mapped = turn.mapping.of("User") is not None
    kept = [
        _answered(item, new, result, strangers if are_users_mapped else (), known, mapping)
        for (item, new), result, (_, strangers) in zip(sent, results, bodies, strict=True)
    ]
    return untold + kept, sum(result.status in {"created", "updated"} for result in results)


def _news(item: Item, before: Known) -> Content:
    return difference(before.content or {}, item.content)


async def _members(turn: Turn, contents: Sequence[Content]) -> dict[str, UUID | None]:
    users = sorted({user for content in contents for user in users_in(content)})
    if not users:
        return {}
    async with turn.look() as uow:
        return await queries.members_by_user(
            uow.session, uow.workspace_id, turn.connection.id, users
        )


def _answered(
    item: Item,
    sent: Content,
    result: RowResult,
    strangers: Sequence[str],
    known: Mapping[str, Known],
    mapping: ObjectMap,
) -> Kept:
    if result.status == "rejected":
        if result.code == records.DELETED_BY_PERSON:
            # It stays away until a person brings it back; asking again would change nothing.
            return _kept(item, "parked", reason="A person deleted it here.")
        return _parked(item, result.reason(), known)
    left_out = left_out_now(known.get(item.external_id), item, sent)
    left_out += refused_values(mapping, sent, result.left_out)
    if strangers:
        named = ", ".join(sorted(set(strangers)))
        reason = f"No member here for the user {named}; the rest is in."
        return replace(_parked(item, reason, known), left_out=left_out, record_id=result.id)
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


def _gone(item: Item) -> Kept:
    """A relation just ends; a record ends after the run has seen how many do."""
    return _kept(
        item, "deleted" if item.parent_id is not None else "doomed", merged_into=item.merged_into
    )


def _parked(item: Item, reason: str | None, known: Mapping[str, Known]) -> Kept:
    before = known.get(item.external_id)
    attempts = before.attempts if before is not None and before.state == "parked" else 0
    return _kept(item, "parked", reason=reason, retry_in=float(retry_pause(attempts + 1)))


async def _keep_each(
    turn: Turn, uow: UnitOfWork, sobject: str, kept: Sequence[Kept], scan_id: UUID | None
) -> int:
    """What the database does not take of one row costs that row; how many it did not take."""
    at = uow.session, uow.workspace_id, turn.connection.id, sobject
    lost = 0

    async def keep(rows: Sequence[Kept]) -> None:
        await queries.keep_records(*at, rows, scan_id)

    async def set_aside(row: Kept, error: Exception) -> None:
        nonlocal lost
        lost += 1
        await keep([_without_content(row, f"We cannot store it. {reason_of(error)}")])

    await each_at_its_own_risk(uow, kept, keep, set_aside)
    return lost


def _without_content(row: Kept, why: str) -> Kept:
    """What is left of a row that the database does not take."""
    return Kept(
        row.external_id,
        row.modstamp,
        b"",
        {},
        "parked",
        reason=why,
        retry_in=float(retry_pause(2)),
    )


@contextlib.asynccontextmanager
async def _keeping(
    turn: Turn,
    sobject: str,
    plan: Plan,
    kept: Sequence[Kept],
    within: OpenWindow | None,
    written: int,
) -> AsyncIterator[UnitOfWork]:
    """The transaction that keeps rows and progress."""
    scan_id = within.scan_id if within is not None else None
    more = {
        "read": len(kept) + len(plan.unchanged),
        "written": written,
        "unchanged": len(plan.unchanged),
        "parked": sum(row.state == "parked" for row in kept),
        "warned": sum(bool(row.left_out) for row in kept),
    }
    progress = turn.of(sobject)
    seen = [(each.external_id, each.modstamp, each.hash) for each in plan.unchanged]

    async with turn.commit() as uow:
        at = uow.session, uow.workspace_id, turn.connection.id, sobject
        more["parked"] += await _keep_each(turn, uow, sobject, kept, scan_id)
        await queries.mark_seen(*at, seen, scan_id)
        yield uow
        for name, count in more.items():
            setattr(progress, name, getattr(progress, name) + count)
        await runs.advance(uow, turn.run_id, sobject, progress, more, turn.client.requests)


def _contacts_of(kept: Sequence[Kept], known: Mapping[str, Known]) -> list[str]:
    """Whose accounts may be others now: a merge gives a relation another contact."""
    now = {row.parent_id for row in kept}
    before = {each.content.get("contact") for each in known.values() if each.content is not None}
    return sorted(each for each in now | before if each is not None)


def _last_settled(items: Sequence[Item], within: OpenWindow | None) -> Item | None:
    """How far the window has been dealt with for good. A row that changes while its page waits to
    be read carries a stamp out of its order, but never one before the window's end.
    """
    if within is None:
        return None
    return next((item for item in reversed(items) if item.modstamp < within.high), None)

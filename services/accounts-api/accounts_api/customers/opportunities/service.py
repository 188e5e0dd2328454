from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from accounts_api.customers.opportunities import queries
from accounts_api.customers.opportunities.rules import asks_to_enter, why_not
from accounts_api.records.editing.edits import OURSELVES, Edit
from accounts_api.records.requests.service import Records
from accounts_api.records.schema.record_schemas import OPPORTUNITY
from accounts_api.records.store.service import PendingRecord, state_of, write
from shared.errors import AppError, Conflict
from shared.events.accounts import ManualEntryRefusal, ManualEntryRefused
from shared.quiet import quiet_batch_of
from shared.uow import UnitOfWork


class ContractExpired(Conflict):
    """Kept, though refused: others must hear that someone asked, and make a task of it."""

    code = "contract_expired"
    title = "The contract has expired"
    keeps_work = True


class OpportunityClosed(Conflict):
    code = "opportunity_closed"
    title = "The opportunity is closed"
    keeps_work = True


def _refusal(reason: ManualEntryRefusal, *, quiet: bool) -> AppError:
    task = "" if quiet else " A task was opened."
    if reason == "contract_expired":
        return ContractExpired(
            "Nothing is sent on the day the contract expires, or later: it cannot enter the"
            f" renewal sequence.{task}"
        )
    return OpportunityClosed(f"A closed opportunity cannot enter the renewal sequence.{task}")


async def refuse_late_entry(
    uow: UnitOfWork, pending: Sequence[PendingRecord]
) -> dict[str, AppError]:
    """Who sets `manually_enter_renewal_sequence` too late is refused. The refusal is published,
    unless it is written quietly.
    """
    asking = [p.after for p in pending if asks_to_enter(p.before, p.after)]
    if not asking:
        return {}
    named = sorted({state["account_id"] for state in asking if state["account_id"]})
    accounts = await queries.accounts_by_id(uow, named)
    now, home = await uow.now(), await uow.zone()
    quiet = quiet_batch_of(uow.cause) is not None
    refused: dict[str, AppError] = {}
    for state in asking:
        account = accounts.get(state["account_id"])
        zone = ZoneInfo(account.time_zone) if account and account.time_zone else home
        reason = why_not(state, now, zone)
        if reason is None:
            continue
        refused[state["id"]] = _refusal(reason, quiet=quiet)
        if quiet:
            continue
        uow.publish(
            ManualEntryRefused(
                opportunity_id=UUID(state["id"]),
                opportunity_name=state["name"],
                account_id=state["account_id"],
                account_name=account.name if account else None,
                contract_expiration=state["contract_expiration"],
                reason=reason,
            )
        )
    return refused


opportunities = Records(OPPORTUNITY, validate=refuse_late_entry)


async def set_renewal_sequence_status(
    uow: UnitOfWork, opportunity_id: UUID, status: str, at: datetime
) -> None:
    """Shows the last mail handed over at `at`; word of an earlier one changes nothing."""
    state = await state_of(uow, OPPORTUNITY, opportunity_id)
    if state is None or state["deleted"]:
        return
    known = state["renewal_sequence_status_at"]
    if known is not None and known > at:
        return
    edit = Edit(
        mode="update",
        id=str(opportunity_id),
        values={"renewal_sequence_status": status, "renewal_sequence_status_at": at},
    )
    await write(uow, OPPORTUNITY, [edit], OURSELVES)


async def reset_manual_entry(uow: UnitOfWork, opportunity_id: UUID, version: int) -> None:
    """Nothing happens to an opportunity that has changed since, or is gone: whoever tells us will
    hear of that change, and tell again if it still is so.
    """
    edit = Edit(
        mode="update",
        id=str(opportunity_id),
        version=version,
        values={"manually_enter_renewal_sequence": False},
    )
    await write(uow, OPPORTUNITY, [edit], OURSELVES)

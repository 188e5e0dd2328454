"""The loop that looks into mailboxes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from uuid import UUID

from shared.batches import is_transient, reason_of
from shared.logging import get_logger
from shared.net.egress import AddressRefused
from shared.service import Service
from shared.uow import UnitOfWork
from shared.worker import Loop
from sync_worker.connections import service as connections
from sync_worker.connections.service import Claim, Opened
from sync_worker.connectors import registry
from sync_worker.connectors.base import SystemTrouble
from sync_worker.connectors.mail_base import Dialled, MailFolder
from sync_worker.mail.mailbox import service
from sync_worker.mail.mailbox.queries import Place
from sync_worker.runner.runs import service as runs
from sync_worker.runner.runs.schemas import SyncProgress
from sync_worker.runner.runs.service import SyncRun
from sync_worker.runner.turns.service import begun
from sync_worker.worker_pool import WorkerPool

log = get_logger(__name__)

_LEASE_SECONDS = 60.0
"""Renewed with each handful; longer than a handful may take with every answer at its slowest."""
_HANDFUL = 50


class LostLease(Exception):
    """The connection was paused or removed, or went to another worker."""


async def look_into(the_service: Service, claim: Claim) -> None:
    """One look into one mailbox: everything new has its effect, then the next look is set."""

    async def begin(uow: UnitOfWork) -> tuple[Opened, SyncRun | None]:
        opened = await connections.open_connection(uow, the_service.secrets, claim.connection_id)
        return opened, await runs.take_requested_run(uow, opened.id)

    turn = await begun(the_service, claim, begin)
    if turn is None:
        return
    mailbox, asked = turn
    look = _Look(the_service, claim, mailbox)
    trouble: str | None = None
    refused = False
    try:
        await look.take()
    except SystemTrouble as error:
        trouble, refused = str(error), error.trouble.meaning == "reauth"
    except AddressRefused as error:
        trouble = str(error)
    except LostLease:
        trouble = "The connection was stopped."
    except Exception as error:
        if is_transient(error):
            raise
        log.exception("look not ended", connection_id=str(mailbox.id))
        trouble = reason_of(error)
    await look.end(asked.id if asked else None, trouble, refused=refused)


class _Look:
    def __init__(self, the_service: Service, claim: Claim, mailbox: Opened) -> None:
        self._service = the_service
        self._claim = claim
        self._mailbox = mailbox
        self._progress = SyncProgress()

    async def take(self) -> None:
        to = await service.dialled(self._service, self._mailbox)
        with ExitStack() as session:
            folder = await asyncio.to_thread(self._open, session, to)
            try:
                await self._take_from(folder)
            finally:
                # Logging out talks to the server, so it must not hold up everybody else.
                await asyncio.to_thread(session.pop_all().close)

    def _open(self, session: ExitStack, to: Dialled) -> MailFolder:
        return session.enter_context(service.opened(self._mailbox, to))

    async def _take_from(self, folder: MailFolder) -> None:
        async with self._commit() as uow:
            place = await service.place_in(uow, self._mailbox, folder.state)
            again = await service.asked_again(uow, self._mailbox, place)
        if again:
            there = await self._take_all(folder, place, again)
            async with self._commit() as uow:
                await service.not_there(uow, self._mailbox, place, there)
        uids = await asyncio.to_thread(folder.uids_from, place.next_uid)
        await self._take_all(folder, place, uids)

    async def _take_all(self, folder: MailFolder, place: Place, uids: Sequence[int]) -> list[int]:
        """The UIDs of those that are still there."""
        there: list[int] = []
        for at in range(0, len(uids), _HANDFUL):
            mails = await asyncio.to_thread(folder.fetch, uids[at : at + _HANDFUL])
            if not mails:
                continue
            there += [mail.uid for mail in mails]
            async with self._commit() as uow:
                taken = await service.take_mails(uow, self._mailbox, place, folder.state, mails)
            self._progress.read += taken.read
            self._progress.written += taken.told
            self._progress.rejected += taken.rejected
            self._progress.unchanged += taken.read - taken.told - taken.rejected
        return there

    @contextlib.asynccontextmanager
    async def _commit(self) -> AsyncIterator[UnitOfWork]:
        cause = [self._mailbox.cause]
        async with self._service.units.begin(self._mailbox.workspace_id, cause) as uow:
            if not await connections.renew_lease(uow, self._claim, _LEASE_SECONDS):
                raise LostLease
            yield uow

    async def end(self, run_id: UUID | None, trouble: str | None, *, refused: bool) -> None:
        """A run is left behind when someone asked for it or there was news."""
        progress = self._progress
        progress.done = trouble is None
        async with self._service.units.begin(
            self._mailbox.workspace_id, [self._mailbox.cause]
        ) as uow:
            found = await runs.run_of_look(
                uow, self._mailbox.id, run_id, has_news=progress.read > 0
            )
            again = await runs.is_waiting(uow, self._mailbox.id)
            remark = await service.remark(uow, self._mailbox.id)
            retry_in = await connections.release(
                uow, self._claim, trouble=trouble, remark=remark, again=again
            )
            if refused:
                await connections.needs_reauth(uow, self._mailbox.id, trouble or "")
            if found is None:
                return
            counts = {
                "read": progress.read,
                "written": progress.written,
                "unchanged": progress.unchanged,
                "rejected": progress.rejected,
            }
            await runs.advance(uow, found, self._mailbox.settings["folder"], progress, counts, 1)
            if trouble is None and progress.rejected:
                await runs.finish_run(uow, found, "partial", remark)
            elif trouble is None:
                await runs.finish_run(uow, found, "succeeded", None)
            else:
                await runs.finish_run(uow, found, "failed", trouble, retry_in)


async def _claim(the_service: Service, free: int) -> list[Claim]:
    return await connections.claim_due(the_service, registry.mail_systems(), free, _LEASE_SECONDS)


def loop() -> Loop:
    pool = WorkerPool("mailbox", _claim, look_into, concurrency=8)
    return Loop("mailboxes", pool.step)

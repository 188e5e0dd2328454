"""The wire: one claimed mail from connect to the answer to the final dot, then the ledger."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from sequencer.mail.mailboxes.service import patience_of
from sequencer.mail.mailboxes.smtp import SmtpBroken, SmtpRefused, SmtpSession, stuffed
from sequencer.mail.sending import queries, service
from sequencer.mail.sending.claims import ClaimedDelivery
from sequencer.mail.sending.rules import meaning_of, retry_wait
from sequencer.settings import SequencerSettings
from shared.batches import reason_of
from shared.db import is_connection_loss
from shared.errors import Unavailable
from shared.fault_points import faultpoint
from shared.logging import get_logger
from shared.net.connection_errors import describe_connection_error
from shared.service import Service
from shared.uow import UnitOfWork

log = get_logger(__name__)

_KEEP_TRYING_SECONDS = 300.0


_LOCK_WAITS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.5)
"""Seconds between looks at a row that another transaction changes. Waiting in the database's own
queue, and in another order than others lock in, would make deadlocks."""


class _NotAllowed(Exception):
    """What we found right before the final dot forbids it."""


class _Locked(Exception):
    """We could not look: somebody keeps a row locked."""


class HandOver:
    """One attempt of one mail."""

    def __init__(
        self, the_service: Service, settings: SequencerSettings, claimed: ClaimedDelivery
    ) -> None:
        self._service = the_service
        self._settings = settings
        self._claimed = claimed
        self._at_the_dot = False

    async def run(self) -> None:
        """The outcome is in the ledger when this returns, unless we are killed or cancelled; then
        the lease runs out and `recover` decides by the phase.
        """
        async with self._heartbeat():
            try:
                reply = await self._speak()
            except SmtpRefused as refused:
                await self._refused(refused)
            except SmtpBroken as broken:
                await self._broken(broken.detail)
            except OSError as broken:
                await self._broken(describe_connection_error(broken))
            except _NotAllowed:
                await self._not_sent("stopped before the end of the mail", at_once=True)
            except _Locked:
                await self._not_sent("its record was being changed", at_once=True, counts=False)
            except Exception as error:
                log.exception("hand-over failed")
                await self._failed(error)
            else:
                await self._record(
                    lambda uow: service.record_sent(
                        uow, self._claimed.message.id, reply, fence=self._claimed.fence
                    )
                )
        faultpoint("send.after_record")

    async def _speak(self) -> str:
        claimed = self._claimed
        chunks = stuffed(claimed.raw)
        opening = SmtpSession.open(
            claimed.server, self._service.outside.policy, patience_of(self._settings)
        )
        async with await opening as session:
            faultpoint("send.after_connect")
            await session.mail(claimed.sender, len(claimed.raw), utf8=not claimed.raw.isascii())
            faultpoint("send.after_mail")
            await session.rcpt(claimed.recipient)
            faultpoint("send.after_rcpt")
            await session.data()
            faultpoint("send.after_data")
            for number, chunk in enumerate(chunks):
                half = len(chunk) // 2 if number == len(chunks) // 2 else 0
                await session.body(chunk[:half])
                if half:
                    faultpoint("send.half_body")
                await session.body(chunk[half:])
            await self._begin_body()
            faultpoint("send.after_body_commit")
            await session.still_listening()
            self._at_the_dot = True
            reply = await session.dot()
            faultpoint("send.after_250")
            return reply.text

    async def _begin_body(self) -> None:
        try:
            begun = await self._look_once_more()
            for wait in _LOCK_WAITS:
                if begun != "locked":
                    break
                await asyncio.sleep(wait)
                begun = await self._look_once_more()
        except Exception as error:
            if not _is_passing(error):
                raise
            # Whether the phase was written or not: the dot was not sent, and that is what counts.
            raise _NotAllowed from error
        if begun == "locked":
            raise _Locked
        if begun == "stopped":
            raise _NotAllowed

    async def _look_once_more(self) -> service.Begun:
        async with self._unit() as uow:
            return await service.begin_body(uow, self._claimed, self._settings.send_lease_seconds)

    async def _broken(self, detail: str) -> None:
        if self._at_the_dot:
            await self._record(lambda uow: service.record_unknown(uow, self._claimed, detail))
        else:
            await self._not_sent(detail)

    async def _refused(self, refused: SmtpRefused) -> None:
        claimed = self._claimed
        meaning = meaning_of(refused.stage, refused.code, refused.text)
        log.info("hand-over refused", stage=refused.stage, code=refused.code, meaning=meaning)
        if meaning == "bad_recipient":
            await self._record(
                lambda uow: service.record_bad_recipient(uow, claimed, refused.detail)
            )
        elif meaning == "later":
            await self._not_sent(refused.detail)
        else:
            await self._record(
                lambda uow: service.record_held(
                    uow, claimed, refused.detail, mailbox_refused=meaning == "mailbox"
                )
            )

    async def _failed(self, error: Exception) -> None:
        """What nobody foresaw costs this mail, which is held; not a slot, time and again."""
        claimed = self._claimed
        if self._at_the_dot:
            detail = reason_of(error)
            await self._record(lambda uow: service.record_unknown(uow, claimed, detail))
        else:
            await self._record(lambda uow: service.record_failed(uow, claimed, error))

    async def _not_sent(self, detail: str, *, at_once: bool = False, counts: bool = True) -> None:
        waits = self._settings.send_retry_seconds
        wait = 1.0 if at_once else retry_wait(waits, self._claimed.message.attempts + 1)
        await self._record(
            lambda uow: service.record_not_sent(uow, self._claimed, detail, wait, counts=counts)
        )

    async def _record(self, effect: Callable[[UnitOfWork], Awaitable[object]]) -> None:
        """While we live we know the outcome, so we keep trying to write it down. Effects look at
        the state first: one that was committed without our learning it does nothing again.
        """
        async with asyncio.timeout(_KEEP_TRYING_SECONDS):
            pause = 0.2
            while True:
                try:
                    async with self._unit() as uow:
                        await effect(uow)
                except Exception as error:
                    if not _is_passing(error):
                        raise
                    log.warning("outcome not recorded yet", error=type(error).__name__)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 5.0)
                else:
                    return

    @asynccontextmanager
    async def _unit(self) -> AsyncIterator[UnitOfWork]:
        claimed = self._claimed
        async with self._service.units.begin(claimed.workspace_id, claimed.cause) as uow:
            yield uow

    @asynccontextmanager
    async def _heartbeat(self) -> AsyncIterator[None]:
        beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await beating

    async def _beat(self) -> None:
        lease = self._settings.send_lease_seconds
        while True:
            await asyncio.sleep(lease / 3)
            try:
                async with self._unit() as uow:
                    alive = await queries.renew_lease(
                        uow,
                        self._claimed.message.id,
                        self._claimed.fence,
                        lease,
                    )
            except Exception as error:
                if not _is_passing(error):
                    raise
                continue
            if not alive:
                return


def _is_passing(error: BaseException) -> bool:
    return isinstance(error, Unavailable) or is_connection_loss(error)

"""A worker killed, stopped or cut off at each point of a hand-over: no mail twice, none lost
silently (reliability.md 3.2).
"""

import asyncio
import signal
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import text

from sequencer.mail.sending.jobs import Dispatcher
from tests.harness import Tenure
from tests.sequencer.mail.sending.sender import sender
from tests.sequencer.renewals import TODAY, Json, Renewals
from tests.simulators.mail import Fault, MailSimulator, Stage

NOT_SENT = [
    "send.before_claim",
    "send.in_claim",
    "send.after_claim",
    "send.after_connect",
    "send.after_mail",
    "send.after_rcpt",
    "send.after_data",
    "send.half_body",
    "send.before_body_commit",
]
UNKNOWN = {
    "send.after_body_commit": 0,
    "send.after_dot": 1,
    "send.after_250": 1,
    "send.in_record": 1,
}
"""How often the server took the mail that the ledger cannot know of."""
SENT = ["send.after_record"]


@pytest.fixture(scope="module")
async def world(
    tenure: Tenure, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Renewals]:
    """One workspace for all of them: each test looks at its own renewals."""
    async with MailSimulator(tmp_path_factory.mktemp("mail")) as mail:
        found = Renewals(tenure, await tenure.workspace(frozen_at=TODAY), mail)
        await found.furnish()
        await found.sequence(90)
        yield found


@pytest.fixture
def dispatcher(world: Renewals) -> Iterator[Dispatcher]:
    """The one in this process; idle while a test prepares."""
    loops = world.tenure.loops["sequencer"]
    found: Dispatcher = next(
        loop.step.__self__  # type: ignore[attr-defined]
        for loop in loops
        if loop.name == "sending"
    )
    slots = found.settings.send_slots
    found.settings.send_slots = 0
    yield found
    found.settings.send_slots = slots


@dataclass
class Mails:
    """The mails of some renewals that are due."""

    world: Renewals
    of: set[str]

    @classmethod
    async def three(cls, world: Renewals) -> "Mails":
        found = cls(world, {str(one) for one in await world.customers(3)})
        assert await found.states() == {"scheduled": 3}
        return found

    async def rows(self) -> list[Json]:
        return [one for one in await self.world.messages() if one["opportunity_id"] in self.of]

    async def states(self) -> Counter[str]:
        return Counter(one["state"] for one in await self.rows())

    async def told(self, event: str) -> list[Json]:
        return [one for one in await self.world.events(event) if one["opportunity_id"] in self.of]

    async def handed_over(self) -> Counter[str]:
        """How often the server took each of them."""
        return Counter(
            {
                one["id"]: self.world.mail.count(one["internet_message_id"] or "")
                for one in await self.rows()
            }
        )


async def let_leases_lapse(world: Renewals) -> None:
    """What the passing of half a minute would do."""
    async with world.tenure.workers["sequencer"].units.begin(world.ws.id, ()) as uow:
        await uow.connection.execute(
            text(
                "update messages set lease_until = clock_timestamp() - interval '1 second'"
                " where workspace_id = :workspace_id and state = 'dispatching'"
            ),
            {"workspace_id": world.ws.id},
        )


async def finish(mails: Mails, dispatcher: Dispatcher) -> Counter[str]:
    """Another worker takes over; the states that the mails end in."""
    dispatcher.settings.send_slots = 8
    await let_leases_lapse(mails.world)
    await mails.world.tenure.settle()
    return await mails.states()


@pytest.mark.parametrize("point", [*NOT_SENT, *UNKNOWN, *SENT])
async def test_a_worker_killed_at_any_point_never_sends_twice(
    world: Renewals, dispatcher: Dispatcher, point: str
) -> None:
    mails = await Mails.three(world)
    process = await sender(world.tenure, f"{point}=kill:2")
    assert await process.wait() == -signal.SIGKILL
    states = await finish(mails, dispatcher)
    taken = await mails.handed_over()
    assert max(taken.values()) <= 1
    if point in UNKNOWN:
        assert states == {"sent": 2, "unknown": 1}
        [unknown] = [one for one in await mails.rows() if one["state"] == "unknown"]
        assert taken[unknown["id"]] == UNKNOWN[point]
        [held] = await mails.told("message_held")
        assert held["reason"] == "outcome_unknown"
    else:
        assert states == {"sent": 3}
        assert set(taken.values()) == {1}
    told = Counter(one["message_id"] for one in await mails.told("message_sent"))
    assert told == Counter(one["id"] for one in await mails.rows() if one["state"] == "sent")


@pytest.mark.parametrize("point", ["send.after_claim", "send.after_data", "send.half_body"])
async def test_a_worker_that_wakes_after_its_lease_does_not_send_what_another_sent(
    world: Renewals, dispatcher: Dispatcher, point: str
) -> None:
    mails = await Mails.three(world)
    process = await sender(world.tenure, f"{point}=stop:2")
    await stopped(process)
    assert await finish(mails, dispatcher) == {"sent": 3}
    process.send_signal(signal.SIGCONT)
    assert await process.wait() == 0
    assert set((await mails.handed_over()).values()) == {1}
    assert len(await mails.told("message_sent")) == 3


async def test_a_worker_that_wakes_past_the_line_corrects_the_ledger(
    world: Renewals, dispatcher: Dispatcher
) -> None:
    """Asleep between the final dot and its answer, it knows better than the recovery."""
    mails = await Mails.three(world)
    process = await sender(world.tenure, "send.after_250=stop:2")
    await stopped(process)
    assert await finish(mails, dispatcher) == {"sent": 2, "unknown": 1}
    process.send_signal(signal.SIGCONT)
    assert await process.wait() == 0
    assert await mails.states() == {"sent": 3}
    assert [one["outcome"] for one in await mails.told("message_resolved")] == ["sent"]


async def stopped(process: Process) -> None:
    async with asyncio.timeout(60):
        while True:
            asked = await asyncio.create_subprocess_exec(
                "ps", "-o", "state=", "-p", str(process.pid), stdout=asyncio.subprocess.PIPE
            )
            state, _ = await asked.communicate()
            if state.strip().startswith(b"T"):
                return
            await asyncio.sleep(0.05)


async def test_a_polite_end_finishes_what_is_under_way(
    world: Renewals, dispatcher: Dispatcher
) -> None:
    mails = await Mails.three(world)
    rule = world.mail.fail(Fault(stage=Stage.DOT, delay=0.3))
    service = world.tenure.workers["sequencer"]
    dispatcher.settings.send_slots = 3
    sending = asyncio.create_task(dispatcher.step(service))
    async with asyncio.timeout(20):
        while "dispatching" not in await mails.states():
            await asyncio.sleep(0.01)
    service.draining = True
    try:
        assert await sending
    finally:
        service.draining = False
        world.mail.rules.remove(rule.id)
    assert await mails.states() == {"sent": 3}
    assert set((await mails.handed_over()).values()) == {1}

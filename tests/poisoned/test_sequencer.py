"""One bad item in the middle of a batch costs itself, in every step of the sequencer."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import text

from sequencer import worker
from sequencer.subscriptions import SUBSCRIPTIONS
from shared.events.accounts import MemberChanged, QuietBatchOpened, SegmentChanged
from shared.events.base import Event
from shared.events.sync import PersonalMailReceived
from shared.events.tasks import QuietRowsWritten
from shared.feed import consumer
from shared.ids import new_id
from shared.settings import ServiceName
from tests.harness import Tenure
from tests.poisoned.poison import Steps, World
from tests.sequencer.answers import CSM_MAILBOX, bounce_of, mail_from, reply_to
from tests.sequencer.renewals import (
    TODAY,
    Renewals,
    address_of,
    day,
    due_work,
)
from tests.simulators.mail import Accepted, MailSimulator

SERVICE: Final = "sequencer"
Step = Callable[[World, Renewals], Awaitable[None]]
STEPS = Steps[Step]()
"""Loops of the worker, by name."""
step = STEPS.named


@pytest.fixture(scope="module")
async def renewals(
    tenure: Tenure, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Renewals]:
    async with MailSimulator(tmp_path_factory.mktemp("mail")) as mail:
        made = Renewals(tenure, await tenure.workspace(frozen_at=TODAY), mail)
        await made.furnish()
        await made.sequence(90, 60)
        yield made


async def set_aside(world: World, bad: UUID) -> None:
    """The record, and nothing else; then nothing, once somebody asks for it."""
    (row,) = await world.held(SERVICE)
    assert (row["step"], row["about"]) == ("records", {"opportunity_id": str(bad)})
    assert "database did not take it" in row["reason"]
    assert row["retry_at"] > row["held_at"], "and it is tried again by itself"


@step("reevaluation")
async def reevaluation_queue(world: World, renewals: Renewals) -> None:
    ids = [new_id() for _ in range(3)]
    async with world.refusing("sequencer.enrollments", f"opportunity_id = '{ids[1]}'"):
        await renewals.arrive(ids)
        assert renewals.reached(ids) == [ids[0], ids[2]]
        await set_aside(world, ids[1])
    await world.retry(SERVICE)
    assert renewals.reached(ids) == ids


@step("sending")
async def send(world: World, renewals: Renewals) -> None:
    ids = [new_id() for _ in range(3)]
    async with world.refusing(
        "sequencer.messages", f"opportunity_id = '{ids[1]}' and state = 'dispatching'"
    ):
        await renewals.arrive(ids)
        assert renewals.reached(ids) == [ids[0], ids[2]]
        (held,) = await renewals.messages(state="held")
        assert held["opportunity_id"] == str(ids[1])
    await world.ws.admin.post(f"/v1/messages/{held['id']}/retry")
    await world.tenure.settle()
    assert renewals.reached(ids) == ids


@step("recovery")
async def recovery(world: World, renewals: Renewals) -> None:
    ids = [new_id() for _ in range(3)]
    spoilt = f"opportunity_id = '{ids[1]}' and state = 'scheduled' and fence > 0"
    async with world.refusing("sequencer.messages", "state = 'dispatching'"):
        await renewals.arrive(ids)
    async with world.tenure.workers[SERVICE].units.begin(world.ws.id, ()) as uow:
        await uow.connection.execute(
            text(
                "update messages set state = 'dispatching', phase = 'connecting', fence = 1,"
                " lease_until = :lapsed"
                " where workspace_id = :workspace_id and opportunity_id = any(:ids)"
            ),
            {
                "lapsed": TODAY - timedelta(days=4_000),
                "workspace_id": world.ws.id,
                "ids": ids,
            },
        )
    async with world.refusing("sequencer.messages", spoilt):
        await world.tenure.settle()
        assert renewals.reached(ids) == [ids[0], ids[2]]
        (held,) = await renewals.messages(state="held")
        assert held["opportunity_id"] == str(ids[1])
    await world.ws.admin.post(f"/v1/messages/{held['id']}/retry")
    await world.tenure.settle()
    assert renewals.reached(ids) == ids


@step("due-steps")
async def due_steps(world: World, renewals: Renewals) -> None:
    ids = [new_id() for _ in range(3)]
    await renewals.arrive(ids, contract_expiration=day(91))
    async with world.refusing("sequencer.messages", f"opportunity_id = '{ids[1]}'"):
        await renewals.on(1)
        assert renewals.reached(ids) == [ids[0], ids[2]]
        await set_aside(world, ids[1])
    await world.retry(SERVICE)
    assert renewals.reached(ids) == ids


@dataclass(frozen=True)
class Heard:
    """What one kind of event does here: rows of `table`, whose `key` says of which event. Of the
    one in the middle no row of `refused` (that same table, by the same key) for which `when` holds
    can be stored.
    """

    table: str
    made: Callable[[Renewals], Awaitable[Sequence[tuple[UUID, Event]]]]
    key: str = "id"
    when: str = "true"
    refused: str = ""
    refused_key: str = ""
    by: ServiceName = "accounts"
    removes: bool = False

    async def rows(self, world: World, ids: Sequence[UUID]) -> set[UUID]:
        async with world.tenure.workers[SERVICE].units.begin(world.ws.id, ()) as uow:
            found = await uow.connection.scalars(
                text(
                    f"select {self.key} from {self.table} where workspace_id = :workspace_id"
                    f" and {self.key} = any(:ids)" + ("" if self.refused else f" and {self.when}")
                ),
                {"workspace_id": world.ws.id, "ids": list(ids)},
            )
            return set(found)


def of_new(
    make: Callable[[Renewals, UUID], Event],
) -> Callable[[Renewals], Awaitable[Sequence[tuple[UUID, Event]]]]:
    async def made(renewals: Renewals) -> Sequence[tuple[UUID, Event]]:
        ids = [new_id() for _ in range(3)]
        return [(one, make(renewals, one)) for one in ids]

    return made


async def leaving(renewals: Renewals) -> Sequence[tuple[UUID, Event]]:
    ids = [new_id() for _ in range(3)]
    await renewals.told(*(renewals.entered(one) for one in ids))
    return [(one, renewals.left(one)) for one in ids]


def of_mails(
    make: Callable[..., Event],
) -> Callable[[Renewals], Awaitable[Sequence[tuple[UUID, Event]]]]:
    """By enrollment."""

    async def made(renewals: Renewals) -> Sequence[tuple[UUID, Event]]:
        found = []
        for one in await renewals.customers(3):
            (mail,) = renewals.sent(address_of(one))
            found.append((UUID((await renewals.enrollment(one))["id"]), make(mail)))
        return found

    return made


def a_member(_: Renewals, member_id: UUID) -> MemberChanged:
    given = {"full_name": "Ada", "email": f"{member_id.hex}@northwind.example"}
    return MemberChanged(id=member_id, version=1, role="team_member", active=True, **given)


def a_segment(_: Renewals, segment_id: UUID) -> SegmentChanged:
    return SegmentChanged(
        id=segment_id, title="S", record_type="opportunity", version=1, archived=False
    )


def a_batch(_: Renewals, batch_id: UUID) -> QuietBatchOpened:
    return QuietBatchOpened(id=batch_id, title="renewals.csv")


def rows_of_a_batch(_: Renewals, batch_id: UUID) -> QuietRowsWritten:
    return QuietRowsWritten(id=batch_id, title="Bulk write of tasks")


def mails(kind: str, make: Callable[..., Event]) -> Heard:
    return Heard(
        "enrollment_entries", of_mails(make), "enrollment_id", f"kind = '{kind}'", by="sync"
    )


def answer(mail: Accepted) -> PersonalMailReceived:
    return mail_from(mail.recipient, recipients=[CSM_MAILBOX])


TRACKED: dict[str, Heard] = {
    "OpportunityChanged": Heard("opportunities", of_new(Renewals.opportunity_event)),
    "AccountChanged": Heard("accounts", of_new(Renewals.account_event)),
    "ContactChanged": Heard("contacts", of_new(Renewals.contact_event)),
    "MemberChanged": Heard("members", of_new(a_member)),
    "SegmentChanged": Heard("segments", of_new(a_segment)),
    "QuietBatchOpened": Heard("quiet_batches", of_new(a_batch)),
    "QuietRowsWritten": Heard("quiet_batches", of_new(rows_of_a_batch), by="tasks"),
    "SegmentEntered": Heard("segment_members", of_new(Renewals.entered), "record_id"),
    "SegmentLeft": Heard(
        "segment_members",
        leaving,
        "record_id",
        refused="reevaluation_queue",
        refused_key="opportunity_id",
        removes=True,
    ),
    "BounceReceived": mails("bounced", bounce_of),
    "ReplyReceived": mails("replied", reply_to),
    "PersonalMailReceived": mails("replied", answer),
    "AutoReplyReceived": mails("auto_reply", lambda mail: reply_to(mail, automatic=True)),
}


@pytest.mark.parametrize("name", TRACKED)
async def test_an_event_that_fails_is_set_aside_and_those_beside_it_are_heard(
    renewals: Renewals, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    heard, world = TRACKED[name], World(renewals.tenure, renewals.ws)
    monkeypatch.setattr(consumer, "MAX_FAILURES", 1)  # that it is tried again is proved elsewhere
    made = await heard.made(renewals)
    ids = [one for one, _ in made]
    others = {ids[1]} if heard.removes else {ids[0], ids[2]}
    table = f"sequencer.{heard.refused or heard.table}"
    key = heard.refused_key or heard.key
    async with world.refusing(table, f"{key} = '{ids[1]}' and {heard.when}"):
        await renewals.told(*(event for _, event in made), by=heard.by)
        assert await heard.rows(world, ids) == others
        (dead,) = (await world.ws.admin.get(f"/v1/dead-events/{SERVICE}")).json()["data"]
        path = f"/v1/dead-events/{SERVICE}/{dead['id']}/replay"
        assert (await world.ws.admin.post(path)).status_code == 409
    assert (await world.ws.admin.post(path)).status_code == 200
    await world.tenure.settle()
    assert await heard.rows(world, ids) == (set() if heard.removes else set(ids))
    assert await due_work(renewals) == {}


@pytest.mark.parametrize("name", STEPS)
async def test_a_bad_item_in_the_middle_costs_itself(renewals: Renewals, name: str) -> None:
    world = World(renewals.tenure, renewals.ws)
    await STEPS[name](world, renewals)
    assert await due_work(renewals) == {}


BESIDE: Final = {
    "WorkspaceChanged": "of a workspace there is one, and the newest copy stands",
    "CalendarChanged": "one statement copies a calendar, and the newest copy stands",
    "MovingFieldsChanged": "of a workspace there is one list, and the newest copy stands",
}


def test_every_loop_and_every_kind_of_event_is_tried(tenure: Tenure) -> None:
    loops = {loop.name for loop in worker.loops(tenure.workers[SERVICE])}
    assert {name for name in loops - STEPS.keys() if not name.startswith("feed:")} == set()
    assert {event.__name__ for event in SUBSCRIPTIONS.handlers} == TRACKED.keys() | BESIDE.keys()

"""What comes in quietly enters nothing, shows what it would have entered, and enters when a person
lets it.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from shared.events.accounts import QuietBatchOpened
from shared.events.base import Cause
from shared.ids import new_id
from shared.quiet import quietly
from tests.sequencer.renewals import Renewals, causes, day, due_work, made

MEMBER = Cause(type="member", id=str(new_id()), label="Ada Lovelace")
MINUTE = 1 / (24 * 60)


class Batch:
    """A file that was imported quietly."""

    def __init__(self, renewals: Renewals) -> None:
        self.renewals = renewals
        self.id = new_id()
        self.cause = quietly([MEMBER], self.id, "renewals.csv")
        self.path = f"/v1/quiet-batches/{self.id}"

    async def opportunity(self, **fields: Any) -> UUID:
        """Made, and put into the audience, by the import."""
        opportunity_id = new_id()
        renewals = self.renewals
        await renewals.told(
            QuietBatchOpened(id=self.id, title="renewals.csv"),
            renewals.opportunity_event(opportunity_id, **fields),
            renewals.entered(opportunity_id),
            cause=self.cause,
        )
        return opportunity_id

    async def shown(self) -> dict[str, Any]:
        return made(await self.renewals.ws.admin.get(self.path))

    async def entries(self, **filters: Any) -> list[dict[str, Any]]:
        answer = await self.renewals.ws.admin.get(f"{self.path}/entries", params=filters)
        return list(made(answer)["data"])

    async def statuses(self) -> list[str]:
        return [entry["status"] for entry in await self.entries()]

    async def release(self, **wish: Any) -> dict[str, Any]:
        answer = await self.renewals.ws.admin.post(f"{self.path}/release", wish)
        assert answer.status_code == 202, answer.text
        await self.renewals.tenure.settle()
        return dict(answer.json())


@pytest.fixture
async def batch(renewals: Renewals) -> Batch:
    await renewals.furnish()
    return Batch(renewals)


async def test_an_import_enters_nothing_and_makes_no_task_until_it_is_released(
    batch: Batch, renewals: Renewals
) -> None:
    sequence = await renewals.sequence()
    ready = await batch.opportunity()
    roomless = await batch.opportunity(deal_room_url=None, name="Acme again")
    assert await renewals.enrollments() == []
    assert await renewals.blocked() == set()
    assert renewals.sent() == []

    shown = await batch.shown()
    assert (shown["title"], shown["held"], shown["expired"]) == ("renewals.csv", 2, False)
    assert [link["type"] for link in shown["cause"]] == ["member"]
    assert [(each["title"], each["held"]) for each in shown["sequences"]] == [
        (sequence["title"], 2)
    ]
    first, second = await batch.entries()
    assert (first["opportunity_id"], first["would_enter"]) == (str(ready), True)
    assert first["account_name"] == "Acme"
    assert not second["would_enter"]
    assert [gate["name"] for gate in second["obstacles"]] == ["deal_room"]

    assert (await batch.release())["released"] == 2
    assert len(renewals.sent()) == 1
    assert (await renewals.enrollment(ready))["state"] == "active"
    assert causes(await renewals.blocked(), roomless) == {"no_deal_room"}
    entered, refused = await batch.entries()
    assert (entered["status"], refused["status"]) == ("entered", "refused")
    assert refused["detail"] == "There is no deal room."
    assert (await batch.release())["released"] == 0
    listed = made(await renewals.ws.admin.get("/v1/quiet-batches"))["data"]
    assert [(each["id"], each["entered"], each["refused"]) for each in listed] == [
        (str(batch.id), 1, 1)
    ]


async def test_what_is_released_sends_no_mail_whose_day_has_passed(
    batch: Batch, renewals: Renewals
) -> None:
    await renewals.sequence(90, 60, 30, entry={"late_grace_days": 7})
    late = await batch.opportunity(contract_expiration=day(88))
    await batch.release()
    assert renewals.sent() == []
    enrollment = await renewals.enrollment(late)
    assert enrollment["next_due_at"][:10] == day(28)


async def test_a_release_is_no_burst(batch: Batch, renewals: Renewals) -> None:
    await renewals.sequence()
    three = [await batch.opportunity() for _ in range(3)]
    released = await batch.release(per_minute=1)
    assert released["last_due_at"] == "2026-03-02T09:02:00Z"
    assert await batch.statuses() == ["entered", "released", "released"]
    await renewals.change(three[1], stage="Negotiation")
    assert await batch.statuses() == ["entered", "released", "released"]
    await renewals.on(MINUTE)
    assert await batch.statuses() == ["entered", "entered", "released"]
    await renewals.on(2 * MINUTE)
    assert await batch.statuses() == ["entered"] * 3


async def test_some_of_a_batch_are_released_and_the_others_wait(
    batch: Batch, renewals: Renewals
) -> None:
    one, other = await renewals.sequence(), await renewals.sequence()
    first, second = await batch.opportunity(), await batch.opportunity()
    await batch.release(sequence_ids=[one["id"]], opportunity_ids=[str(second)])
    held = await batch.entries(status="held")
    assert {(each["sequence_id"], each["opportunity_id"]) for each in held} == {
        (one["id"], str(first)),
        (other["id"], str(first)),
        (other["id"], str(second)),
    }
    assert len(await batch.entries(sequence_id=one["id"])) == 2
    assert [each["opportunity_id"] for each in await renewals.enrollments()] == [str(second)]


async def test_what_happens_later_lets_nothing_in_but_a_person_may(
    batch: Batch, renewals: Renewals
) -> None:
    sequence = await renewals.sequence()
    edited, left, entered = [await batch.opportunity() for _ in range(3)]
    await renewals.change(edited, stage="Negotiation")
    await renewals.told(renewals.left(left))
    by_hand = {"sequence_id": sequence["id"], "opportunity_id": str(entered)}
    assert (await renewals.ws.admin.post("/v1/enrollments", by_hand)).status_code == 201
    await renewals.tenure.settle()
    assert await batch.statuses() == ["held", "let_go", "let_go"]
    assert [each["opportunity_id"] for each in await renewals.enrollments()] == [str(entered)]

    asked = f"/v1/enrollments/eligibility?sequence_id={sequence['id']}&opportunity_id={edited}"
    eligibility = made(await renewals.ws.admin.get(asked))
    failed = [gate["name"] for gate in eligibility["gates"] if not gate["passed"]]
    assert failed == ["not_held"]
    again = await renewals.opportunity()
    assert [each["opportunity_id"] for each in await renewals.enrollments()] == [
        str(again),
        str(entered),
    ]


async def test_an_import_that_removes_an_obstacle_lets_nothing_in(
    batch: Batch, renewals: Renewals
) -> None:
    await renewals.sequence()
    waiting = await renewals.opportunity(deal_room_url=None)
    room = renewals.opportunity_event(waiting, deal_room_url="https://rooms.example/acme")
    await renewals.told(room, cause=batch.cause)
    assert await renewals.blocked() == set()
    assert await renewals.enrollments() == []
    assert await batch.statuses() == ["held"]


async def test_an_import_that_adds_an_obstacle_leaves_the_task_that_stands(
    batch: Batch, renewals: Renewals
) -> None:
    await renewals.sequence()
    waiting = await renewals.opportunity(deal_room_url=None)
    undated = renewals.opportunity_event(waiting, contract_expiration=None)
    await renewals.told(undated, cause=batch.cause)
    assert causes(await renewals.blocked(), waiting) == {"no_deal_room"}
    await renewals.change(waiting, stage="Negotiation")
    assert causes(await renewals.blocked(), waiting) == {"no_deal_room", "expiration_missing"}
    assert (await renewals.ws.admin.get(batch.path)).status_code == 404


@pytest.mark.parametrize("quiet_first", [True, False])
async def test_of_two_causes_at_once_the_quiet_one_stands(
    batch: Batch, renewals: Renewals, *, quiet_first: bool
) -> None:
    await renewals.sequence()
    opportunity_id = new_id()
    created = [renewals.opportunity_event(opportunity_id), renewals.entered(opportunity_id)]
    edited = [renewals.opportunity_event(opportunity_id, stage="Negotiation")]
    both: list[tuple[Sequence[Any], Sequence[Cause]]] = [(created, batch.cause), (edited, [MEMBER])]
    if not quiet_first:
        both = [(created, [MEMBER]), (edited, batch.cause)]
    units = renewals.tenure.workers["accounts"].units
    for events, cause in both:
        async with units.begin(renewals.ws.id, cause) as uow:
            uow.publish(*events)
    await renewals.tenure.settle()
    assert await renewals.enrollments() == []
    assert await batch.statuses() == ["held"]


async def test_time_alone_lets_in_what_an_import_only_prepared(
    batch: Batch, renewals: Renewals
) -> None:
    """The import brought the record; that its day comes is not the import's doing."""
    await renewals.sequence()
    opportunity_id = new_id()
    event = renewals.opportunity_event(opportunity_id, contract_expiration=day(100))
    await renewals.told(event, cause=batch.cause)
    await renewals.on(10)
    await renewals.told(renewals.entered(opportunity_id), cause=[Cause(type="system", id="clock")])
    assert [each["opportunity_id"] for each in await renewals.enrollments()] == [
        str(opportunity_id)
    ]


async def test_a_batch_that_is_too_old_is_not_released(batch: Batch, renewals: Renewals) -> None:
    await renewals.sequence()
    await batch.opportunity(contract_expiration=day(400))
    await renewals.on(90)
    answer = await renewals.ws.admin.post(f"{batch.path}/release", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "quiet_batch_expired")
    assert (await batch.shown())["expired"]
    assert await batch.statuses() == ["held"]
    unknown = await renewals.ws.admin.post(f"/v1/quiet-batches/{new_id()}/release", {})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "quiet_batch_not_found")
    wrong = await renewals.ws.admin.post(f"{batch.path}/release", {"per_minute": 0})
    assert wrong.json()["errors"][0]["pointer"] == "/per_minute"
    assert await due_work(renewals) == {}

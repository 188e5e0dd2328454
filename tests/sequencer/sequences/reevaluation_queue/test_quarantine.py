"""Whatever one item of a batch raises costs that one: the others of the batch go on; it is held or
quarantined with its reason, which status and a task tell; and it goes on once the reason is gone.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pkgutil import resolve_name
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from sequencer.mail.sending.jobs import Dispatcher
from shared.ids import new_id
from tests.harness import Tenure
from tests.sequencer.renewals import TODAY, Json, Renewals, address_of, day, due_work, made
from tests.simulators.mail import Accepted, MailSimulator

Concerns = Callable[..., UUID]
"""Of which record a call is, by its arguments."""


@pytest.fixture(scope="module")
async def world(
    tenure: Tenure, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Renewals]:
    async with MailSimulator(tmp_path_factory.mktemp("mail")) as mail:
        found = Renewals(tenure, await tenure.workspace(frozen_at=TODAY), mail)
        await found.furnish()
        await found.sequence(90, 60)
        yield found


@dataclass(frozen=True)
class Step:
    """A place where many are judged together. `of` says whom one call is about."""

    place: str
    of: Concerns
    sets_aside: bool = False
    """The record, because there is no mail yet that could be held."""

    def poison(self, monkeypatch: pytest.MonkeyPatch, bad: UUID) -> None:
        where, _, name = self.place.rpartition(".")
        owner = resolve_name(where)
        real = getattr(owner, name)

        def poisoned(*arguments: Any, **options: Any) -> Any:
            if self.of(*arguments) == bad:
                raise RuntimeError("poison")
            return real(*arguments, **options)

        monkeypatch.setattr(owner, name, poisoned)


ENROLLMENTS = "sequencer.sequences.enrollments"
ENTRY = "sequencer.sequences.entry"
PLANNING = Step(
    f"{ENROLLMENTS}.planner._decide",
    lambda *a: a[0].enrollment.opportunity_id,
    sets_aside=True,
)
_AT_ONCE = [
    Step(f"{ENTRY}.service._reconcile_entry", lambda *a: a[4], sets_aside=True),
    Step(f"{ENTRY}.blocks:Blocks.become", lambda *a: a[1].opportunity.id, sets_aside=True),
    PLANNING,
    Step("sequencer.sequences.mail_origin.conditions._sender_of", lambda *a: a[1].opportunity_id),
    Step("sequencer.mail.sending.claims._prepare", lambda *a: a[2].message.opportunity_id),
    Step("sequencer.mail.sending.claims._compose", lambda *a: a[2].message.opportunity_id),
    Step(
        "sequencer.mail.sending.delivery:HandOver._speak",
        lambda *a: a[0]._claimed.message.opportunity_id,
    ),
]


def name_of(step: Step) -> str:
    return step.place.removeprefix("sequencer.")


async def three(world: Renewals) -> tuple[UUID, list[UUID]]:
    """The poisoned one, and all of a batch in whose middle it is."""
    found = [new_id() for _ in range(3)]
    return found[1], found


async def tasks_of(world: Renewals, cause: str) -> list[Json]:
    rule = f'status = "open" and cause = "{cause}"'
    answer = await world.ws.admin.get("/v1/tasks", params={"filter": rule, "limit": 200})
    return list(made(answer)["data"])


@pytest.mark.parametrize("step", _AT_ONCE, ids=name_of)
async def test_one_that_raises_costs_only_itself(
    world: Renewals, monkeypatch: pytest.MonkeyPatch, step: Step
) -> None:
    bad, ids = await three(world)
    with monkeypatch.context() as patched:
        step.poison(patched, bad)
        await world.arrive(ids)
        assert world.reached(ids) == [ids[0], ids[2]]
        cause = "record_quarantined" if step.sets_aside else "mail_held"
        assert await due_work(world) == {
            "quarantined_opportunities" if step.sets_aside else "held_messages": 1
        }
        [task] = await tasks_of(world, cause)
        assert "the log says what" in task["body"]
        for word in ("poison", "RuntimeError"):
            assert word not in task["body"], "a person reads no library's words"
        if not step.sets_aside:
            [message] = await world.messages(opportunity_id=bad)
            assert (message["state"], message["reason"]) == ("held", "failed")
        await world.change(bad, name="Acme again")
        assert len(await tasks_of(world, cause)) == 1, "told once"
    await world.change(bad, name="Acme at last")
    assert world.reached(ids) == ids
    assert await due_work(world) == {}
    assert await tasks_of(world, cause) == []


ODD = ["x@y.example.", "<a@b.example>", ",x@y", "x@[y", "(c)x@y", "x@", "a b@c.example", "x@y;"]


async def test_an_address_that_no_header_can_hold_costs_only_its_own_mail(world: Renewals) -> None:
    """Of contacts that were stored before such an address was refused."""
    ids = [new_id() for _ in range(len(ODD) + 2)]
    await world.arrive(ids, contract_expiration=day(91))
    odd = dict(zip(ids[1:-1], ODD, strict=True))
    contacts = {}
    for one, email in odd.items():
        [enrollment] = await world.enrollments(opportunity_id=one)
        contacts[one] = UUID(enrollment["contact_id"])
        await stored(world, "contacts", contacts[one], address=email)
    await world.on(1)
    assert world.reached(ids) == [ids[0], ids[-1]]
    for one, email in odd.items():
        [message] = await world.messages(opportunity_id=one)
        assert (message["state"], message["reason"]) == ("held", "bad_address")
        assert email in message["detail"]
    assert len(await tasks_of(world, "mail_held")) == len(ODD)
    await world.told(
        *(
            world.contact_event(contact_id, email=address_of(one))
            for one, contact_id in contacts.items()
        )
    )
    assert world.reached(ids) == ids
    assert await tasks_of(world, "mail_held") == []


async def stored(world: Renewals, table: str, row_id: Any, **values: Any) -> None:
    """What no API of today would let in."""
    changes = ", ".join(f"{name} = :{name}" for name in values)
    where = "workspace_id = :workspace_id and id = cast(:id as uuid)"
    async with world.tenure.workers["sequencer"].units.begin(world.ws.id, ()) as uow:
        await uow.connection.execute(
            text(f"update {table} set {changes} where {where}"),
            {"workspace_id": world.ws.id, "id": str(row_id), **values},
        )


async def test_a_due_step_that_cannot_be_planned_waits_alone(
    world: Renewals, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, ids = await three(world)
    await world.arrive(ids, contract_expiration=day(92))
    with monkeypatch.context() as patched:
        PLANNING.poison(patched, bad)
        await world.on(2)
        assert world.reached(ids) == [ids[0], ids[2]]
        assert await due_work(world) == {"quarantined_opportunities": 1}
    # Nothing about it changes: it is tried again by itself, though not at once.
    await world.on(2.005)
    assert world.reached(ids) == [ids[0], ids[2]]
    await world.on(2.02)
    assert world.reached(ids) == ids
    assert await due_work(world) == {}


async def test_that_a_mail_left_is_known_whatever_planning_the_next_one_raises(
    world: Renewals, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, ids = await three(world)
    after_the_mail = Step(
        PLANNING.place,
        lambda *a: a[0].enrollment.opportunity_id if a[0].progress.last_sent_at else new_id(),
        sets_aside=True,
    )
    with monkeypatch.context() as patched:
        after_the_mail.poison(patched, bad)
        await world.arrive(ids)
        assert world.reached(ids) == ids
        assert {one["state"] for one in await world.messages(opportunity_id=bad)} == {"sent"}
        assert await due_work(world) == {"quarantined_opportunities": 1}
    await world.change(bad, name="Acme at last")
    assert await due_work(world) == {}
    assert (await world.enrollment(bad))["next_due_at"] is not None


@pytest.mark.parametrize(("phase", "state"), [("connecting", "held"), ("body_started", "unknown")])
async def test_a_lapsed_hand_over_that_cannot_be_recovered_holds_up_no_other(
    renewals: Renewals, monkeypatch: pytest.MonkeyPatch, phase: str, state: str
) -> None:
    await renewals.furnish()
    await renewals.sequence(90, 60)
    bad, ids = await three(renewals)
    with monkeypatch.context() as patched:
        patched.setattr(dispatcher_of(renewals).settings, "send_slots", 0)
        await renewals.arrive(ids)
    found = {UUID(one["opportunity_id"]): one["id"] for one in await renewals.messages()}
    lapsed = {"fence": 1, "lease_until": TODAY - timedelta(days=4000)}
    for message_id in found.values():
        await stored(renewals, "messages", message_id, state="dispatching", phase=phase, **lapsed)
    recovering = Step("sequencer.mail.sending.service._recover_one", lambda *a: a[1])
    with monkeypatch.context() as patched:
        recovering.poison(patched, UUID(found[bad]))
        await renewals.tenure.settle()
    states = {one["opportunity_id"]: one["state"] for one in await renewals.messages()}
    assert states.pop(str(bad)) == state
    assert set(states.values()) == {"sent" if phase == "connecting" else "unknown"}
    assert len(await tasks_of(renewals, "mail_held")) == (1 if phase == "connecting" else 3)


LAPSED = TODAY - timedelta(days=4000)


async def under_way(
    renewals: Renewals, monkeypatch: pytest.MonkeyPatch, lease_until: datetime
) -> tuple[UUID, str]:
    """The opportunity, and the mail of it that a worker has in hand for the twelfth time."""
    await renewals.furnish()
    await renewals.sequence(90, 60)
    with monkeypatch.context() as patched:
        patched.setattr(dispatcher_of(renewals).settings, "send_slots", 0)
        opportunity_id = await renewals.opportunity()
    [message] = await renewals.messages()
    dying = {"state": "dispatching", "phase": "connecting", "fence": 1, "attempts": 12}
    await stored(renewals, "messages", message["id"], lease_until=lease_until, **dying)
    return opportunity_id, str(message["id"])


async def test_a_mail_that_kills_its_worker_every_time_is_held(
    renewals: Renewals, monkeypatch: pytest.MonkeyPatch
) -> None:
    await under_way(renewals, monkeypatch, LAPSED)
    await renewals.tenure.settle()
    [message] = await renewals.messages()
    assert (message["state"], message["reason"]) == ("held", "failed")
    assert "12 times" in message["detail"]
    assert len(await tasks_of(renewals, "mail_held")) == 1


async def test_a_mail_that_failed_after_its_enrollment_was_stopped_is_withdrawn_and_nobody_told(
    renewals: Renewals, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = TODAY + timedelta(days=4000)
    opportunity_id, message_id = await under_way(renewals, monkeypatch, later)
    enrollment = await renewals.enrollment(opportunity_id)
    path = f"/v1/enrollments/{enrollment['id']}/pause"
    paused = await renewals.ws.team_member.post(path, {})
    assert paused.json()["in_flight_message_id"] == message_id, paused.text
    await stored(renewals, "messages", message_id, lease_until=LAPSED)
    await renewals.tenure.settle()
    [message] = await renewals.messages()
    assert (message["state"], message["reason"]) == ("cancelled", "enrollment_paused")
    assert await tasks_of(renewals, "mail_held") == []


def dispatcher_of(renewals: Renewals) -> Dispatcher:
    loops = renewals.tenure.loops["sequencer"]
    found: Dispatcher = next(
        loop.step.__self__  # type: ignore[attr-defined]
        for loop in loops
        if loop.name == "sending"
    )
    return found


@pytest.mark.parametrize("answer", ["reply", "unsubscribe", "bounce"])
async def test_what_the_customer_said_stops_all_that_can_be_stopped(
    renewals: Renewals, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """And nothing leaves in the one that could not."""
    await renewals.furnish()
    await renewals.sequence(90, 60)
    first, bad, last = [await renewals.opportunity() for _ in range(3)]
    [mail] = renewals.sent()
    if answer == "bounce":
        # A bounce stops the enrollment whose mail it is; what is suppressed stops the others.
        first, bad = bad, first
    place = "pause" if answer == "bounce" else "exit_enrollment"
    stopping = Step(f"{ENROLLMENTS}.service.{place}", lambda *a: a[1].opportunity_id)
    with monkeypatch.context() as patched:
        stopping.poison(patched, bad)
        match answer:
            case "reply":
                await renewals.replied(mail)
            case "bounce":
                await renewals.bounced(mail)
            case _:
                await unsubscribed(renewals, mail)
        await renewals.tenure.settle()
        found = {one: await renewals.enrollment(one) for one in (first, bad, last)}
        assert found[bad]["pause_reason"] == "failed"
        stopped = {"pause_reason": "contact_bounced"} if place == "pause" else {"state": "exited"}
        for one in (first, last):
            assert found[one].items() >= stopped.items()
        assert len(await tasks_of(renewals, "record_quarantined")) == 1
        assert (await due_work(renewals))["quarantined_opportunities"] == 1
        await renewals.on(5)
        assert renewals.sent() == [mail]
    exited = await renewals.ws.admin.post(f"/v1/enrollments/{found[bad]['id']}/exit", {})
    assert exited.status_code in {200, 409}, "it may have been stopped by itself meanwhile"
    await renewals.tenure.settle()
    assert await tasks_of(renewals, "record_quarantined") == []
    await renewals.on(30)
    assert renewals.sent() == [mail]


async def unsubscribed(renewals: Renewals, mail: Accepted) -> None:
    link = (mail.header("List-Unsubscribe") or "").strip("<>")
    path = link.removeprefix("https://tenure.example")
    form = {"List-Unsubscribe": "One-Click"}
    answer = await renewals.ws.anonymous.request("POST", path, data=form)
    assert answer.status_code == 200


async def spoil_definition(renewals: Renewals, sequence: Json) -> None:
    """As an older release may have left its draft and its versions."""
    for table in ("sequences", "sequence_versions"):
        column, key = ("draft", "id") if table == "sequences" else ("definition", "sequence_id")
        async with renewals.tenure.workers["sequencer"].units.begin(renewals.ws.id, ()) as uow:
            await uow.connection.execute(
                text(
                    f"update {table} set {column} = jsonb_set({column}, '{{steps,0,offset_days}}',"
                    " '0') || jsonb_build_object('of_old', 1)"
                    f" where workspace_id = :workspace_id and {key} = :id"
                ),
                {"workspace_id": renewals.ws.id, "id": UUID(sequence["id"])},
            )


async def test_a_version_that_cannot_be_read_costs_only_its_own_sequence(
    renewals: Renewals,
) -> None:
    await renewals.furnish()
    broken = await renewals.sequence(90, 60)
    before = await renewals.opportunity()
    await spoil_definition(renewals, broken)
    await renewals.sequence(90, 60)
    await renewals.customers(2)
    assert len(renewals.sent()) == 3
    await renewals.change(before, name="Acme again")
    assert await due_work(renewals) == {"unreadable_sequences": 1, "quarantined_opportunities": 1}
    [task] = await tasks_of(renewals, "record_quarantined")
    assert "cannot be read any more" in task["body"]
    asked = f"/internal/usages?target=segment&key={renewals.audience}"
    asker = renewals.tenure.workers["accounts"]
    answer = await asker.ask("sequencer", "GET", asked, workspace_id=renewals.ws.id)
    assert len(answer.json()["usages"]) == 2, "who cannot be read may use it"


async def test_a_definition_that_cannot_be_read_is_shown_and_can_be_mended(
    renewals: Renewals,
) -> None:
    await renewals.furnish()
    broken, whole = await renewals.sequence(90, 60), await renewals.sequence(30)
    waiting = await renewals.opportunity(contract_expiration=day(90))
    await spoil_definition(renewals, broken)
    admin, path = renewals.ws.admin, f"/v1/sequences/{broken['id']}"
    listed = {row["id"]: row for row in made(await admin.get("/v1/sequences"))["data"]}
    assert "`steps`" in listed[broken["id"]]["unreadable"]
    assert listed[broken["id"]]["sender"] == broken["sender"], "what can be read is shown"
    assert listed[whole["id"]]["unreadable"] is None
    [version] = made(await admin.get(f"{path}/versions"))["data"]
    assert "`definition`" in version["unreadable"]
    record = {"opportunity_id": str(waiting)}
    for refused in (
        await admin.post(f"{path}/preview", record),
        await admin.get(
            f"/v1/enrollments/eligibility?sequence_id={broken['id']}&opportunity_id={waiting}"
        ),
        await admin.post("/v1/enrollments", {**record, "sequence_id": broken["id"]}),
        await admin.post(f"{path}/enable"),
    ):
        assert refused.status_code == 409, refused.text
        assert refused.json()["code"] == "sequence_unreadable"
    assert made(await admin.post(f"{path}/disable"))["state"] == "disabled"
    assert (await admin.patch(path, {"entry": {"late_grace_days": 3}})).status_code == 422
    mended = made(await admin.patch(path, {"steps": broken["steps"]}))
    assert (mended["steps"], mended["unreadable"]) == (broken["steps"], None)
    await renewals.enable(broken["id"])
    assert (await due_work(renewals)).get("unreadable_sequences") is None
    await renewals.customers(1)
    assert {one["sequence_id"] for one in await renewals.enrollments(state="active")} == {
        broken["id"],
        whole["id"],
    }

"""A poisonous event is set aside and blocks nobody; passing trouble is waited out."""

from typing import Any

from sqlalchemy import text

from shared.events.accounts import MemberChanged
from shared.events.base import Cause
from shared.events.sync import ConnectionNeedsReauth
from shared.feed.consumer import Consumer
from shared.feed.subscriptions import Subscriptions
from shared.ids import new_id
from shared.net.answers import OutgoingError
from shared.uow import UnitOfWork
from tests.harness import Tenure, Workspace
from tests.seed_data import bury_unreadable

BY_TEST = (Cause(type="system", id="test"),)


class Hearer:
    """Hears one workspace's events; refuses poison always and the first event while away."""

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws
        self.heard: list[str] = []
        self.away = False

    async def on_event(self, uow: UnitOfWork, event: ConnectionNeedsReauth) -> None:
        if uow.workspace_id != self.ws.id:
            return
        if self.away:
            raise OutgoingError("the other side is away")
        if event.reason == "poison":
            raise ValueError("cannot be handled")
        self.heard.append(event.reason)

    def consumer(self, tenure: Tenure) -> Consumer:
        tasks = tenure.workers["tasks"]
        hearing = Subscriptions({ConnectionNeedsReauth: [self.on_event]})
        group = f"test-{self.ws.id}-"
        return Consumer("sync", tasks.units, hearing, tasks.feed_page, group=group)


async def publish(tenure: Tenure, ws: Workspace, *reasons: str) -> None:
    for reason in reasons:
        async with tenure.workers["sync"].units.begin(ws.id, BY_TEST) as uow:
            uow.publish(
                ConnectionNeedsReauth(connection_id=new_id(), system="salesforce", reason=reason)
            )


async def test_an_event_that_always_fails_is_set_aside_and_the_next_are_heard(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    subscriber = Hearer(ws)
    await publish(tenure, ws, "first", "poison", "last")
    await tenure.settle()
    consumer = subscriber.consumer(tenure)
    while await consumer.step():
        continue
    assert subscriber.heard[-1] == "last"
    assert set(subscriber.heard) == {"first", "last"}
    async with tenure.workers["tasks"].units.across_workspaces() as scope:
        dead = await scope.connection.execute(
            text("select reason from dead_events where workspace_id = :id"), {"id": ws.id}
        )
        assert dead.scalars().all() == [
            "Something unexpected went wrong on our side; the log says what."
        ]


async def test_trouble_that_passes_sets_nothing_aside_and_skips_nothing(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    subscriber = Hearer(ws)
    await publish(tenure, ws, "one", "two")
    await tenure.settle()
    consumer = subscriber.consumer(tenure)
    subscriber.away = True
    for _ in range(3):
        try:
            await consumer.step()
        except OutgoingError:
            continue
    assert subscriber.heard == []
    subscriber.away = False
    while await consumer.step():
        continue
    assert subscriber.heard == ["one", "two"]


async def test_two_hearers_of_one_lane_let_each_event_take_effect_once(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    subscriber = Hearer(ws)
    await publish(tenure, ws, *(str(number) for number in range(5)))
    await tenure.settle()
    first, second = subscriber.consumer(tenure), subscriber.consumer(tenure)
    while any([await first.step(), await second.step()]):
        continue
    assert subscriber.heard == [str(number) for number in range(5)]


async def set_aside(tenure: Tenure, ws: Workspace) -> dict[str, Any]:
    await bury_unreadable(tenure, ws, "tasks")
    listed: list[dict[str, Any]] = (await ws.admin.get("/v1/dead-events/tasks")).json()["data"]
    (found,) = listed
    assert found["reason"] == "ValidationError: email"
    return found


async def test_a_dead_event_that_still_fails_says_why_and_stays(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    found = await set_aside(tenure, ws)
    path = f"/v1/dead-events/tasks/{found['id']}/replay"
    refused = await ws.admin.post(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "event_still_fails")
    told = "It does not have the form that this release reads. Look at: email, role, active."
    assert refused.json()["detail"] == told
    assert (await ws.admin.get("/v1/dead-events/tasks")).json()["data"] == [found]


async def test_a_dead_event_whose_cause_is_gone_takes_effect_once(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    found = await set_aside(tenure, ws)
    mended = MemberChanged(
        id=new_id(), version=1, full_name="Ann", email="ann@x.example", role="observer", active=True
    )
    async with tenure.workers["tasks"].units.begin(ws.id, BY_TEST) as uow:
        await uow.connection.execute(
            text(
                "update dead_events set envelope = jsonb_set(envelope, '{payload}',"
                " cast(:payload as jsonb)) where workspace_id = :id"
            ),
            {"id": ws.id, "payload": mended.model_dump_json()},
        )
    path = f"/v1/dead-events/tasks/{found['id']}/replay"
    first, again = await ws.admin.post(path), await ws.admin.post(path)
    assert first.status_code == again.status_code == 200
    assert first.json()["replayed_at"] == again.json()["replayed_at"] is not None
    assert (await ws.admin.get("/v1/dead-events/tasks")).json()["data"] == []


async def test_a_dead_event_of_another_workspace_answers_as_none(tenure: Tenure) -> None:
    ws, other = await tenure.workspace(), await tenure.workspace()
    found = await set_aside(tenure, ws)
    assert (await other.admin.get("/v1/dead-events/tasks")).json()["data"] == []
    for event_id in (found["id"], new_id()):
        missing = await other.admin.post(f"/v1/dead-events/tasks/{event_id}/replay")
        assert (missing.status_code, missing.json()["code"]) == (404, "dead_event_not_found")

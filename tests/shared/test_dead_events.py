"""A poisonous event is set aside and blocks nobody; passing trouble is waited out."""

from sqlalchemy import text

from shared.events.base import Cause
from shared.events.sync import ConnectionNeedsReauth
from shared.feed.consumer import Consumer, Handlers
from shared.http import OutgoingError
from shared.ids import new_id
from shared.uow import UnitOfWork
from tests.harness import Tenure, Workspace

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
        handlers: Handlers = {ConnectionNeedsReauth: [self.on_event]}
        group = f"test-{self.ws.id}-"
        return Consumer("sync", tasks.units, handlers, tasks.feed_page, group=group)


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
    hearer = Hearer(ws)
    await publish(tenure, ws, "first", "poison", "last")
    await tenure.settle()
    consumer = hearer.consumer(tenure)
    while await consumer.step():
        continue
    assert hearer.heard[-1] == "last"
    assert set(hearer.heard) == {"first", "last"}
    async with tenure.workers["tasks"].units.across_workspaces() as session:
        dead = await session.execute(
            text("select reason from dead_events where workspace_id = :id"), {"id": ws.id}
        )
        assert dead.scalars().all() == ["ValueError: cannot be handled"]


async def test_trouble_that_passes_sets_nothing_aside_and_skips_nothing(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    hearer = Hearer(ws)
    await publish(tenure, ws, "one", "two")
    await tenure.settle()
    consumer = hearer.consumer(tenure)
    hearer.away = True
    for _ in range(3):
        try:
            await consumer.step()
        except OutgoingError:
            continue
    assert hearer.heard == []
    hearer.away = False
    while await consumer.step():
        continue
    assert hearer.heard == ["one", "two"]


async def test_two_hearers_of_one_lane_let_each_event_take_effect_once(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    hearer = Hearer(ws)
    await publish(tenure, ws, *(str(number) for number in range(5)))
    await tenure.settle()
    first, second = hearer.consumer(tenure), hearer.consumer(tenure)
    while any([await first.step(), await second.step()]):
        continue
    assert hearer.heard == [str(number) for number in range(5)]

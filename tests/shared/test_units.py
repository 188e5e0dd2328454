"""Work for many workspaces, or on many items: what fails in one holds up no other."""

from collections.abc import Sequence
from typing import ClassVar

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError

from shared.batches import isolate_failures
from shared.events.base import Cause, Event
from shared.ids import new_id
from shared.uow import UnitOfWork
from tests.harness import Tenure

BY_TEST = [Cause(type="system", id="test")]
_NAME = "update workspaces set name = 'Seen' where workspace_id = :id returning name"


async def test_a_workspace_whose_work_fails_holds_up_no_other(tenure: Tenure) -> None:
    bad, good = await tenure.workspace("Bad"), await tenure.workspace("Good")
    units = tenure.workers["accounts"].units

    async def work(uow: UnitOfWork) -> bool:
        await uow.connection.execute(text(_NAME), {"id": uow.workspace_id})
        if uow.workspace_id == bad.id:
            raise ValueError("poison")
        return True

    assert await units.in_each([bad.id, good.id], BY_TEST, work, what="test")
    assert not await units.in_each([bad.id], BY_TEST, work, what="test")
    names = {}
    for ws in (bad, good):
        async with units.begin(ws.id, (), read_only=True) as uow:
            named = text("select name from workspaces where workspace_id = :id")
            names[ws.id] = await uow.connection.scalar(named, {"id": ws.id})
    assert names[good.id] == "Seen" != names[bad.id]


async def test_a_database_that_is_lost_is_no_workspaces_fault(tenure: Tenure) -> None:
    ws = await tenure.workspace()

    async def work(_: UnitOfWork) -> bool:
        raise InterfaceError("select 1", {}, Exception("the link broke"))

    with pytest.raises(InterfaceError):
        await tenure.workers["tasks"].units.in_each([ws.id], BY_TEST, work, what="test")


class _Told(Event):
    name: ClassVar[str] = "test.told.v1"

    word: str


@pytest.mark.parametrize("poisoned", [set(), {"a"}, {"c"}, {"e"}, {"b", "d"}, set("abcde")])
@pytest.mark.parametrize("by_the_database", [False, True])
async def test_what_one_item_raises_costs_only_that_one(
    tenure: Tenure, poisoned: set[str], *, by_the_database: bool
) -> None:
    """Its rows, its events and its cause are as if it had never been tried."""
    set_aside: list[tuple[str, type[Exception]]] = []

    async def work(words: Sequence[str]) -> str:
        for word in words:
            uow.cause = (Cause(type="system", id=word),)
            uow.publish(_Told(word=word))
            await uow.flush_events()
            if word in poisoned and by_the_database:
                await uow.connection.execute(text("select 1/0"))
            if word in poisoned:
                raise ValueError(word)
        return "".join(words)

    async def put_away(word: str, error: Exception) -> None:
        assert uow.cause == tuple(BY_TEST)
        set_aside.append((word, type(error)))

    ws = new_id()
    units = tenure.workers["tasks"].units
    async with units.begin(ws, BY_TEST) as uow:
        done = await isolate_failures(uow, "abcde", work, put_away)
    async with units.begin(ws, (), read_only=True) as reading:
        stored = text("select payload ->> 'word' from events where workspace_id = :ws order by seq")
        rows = list(await reading.connection.scalars(stored, {"ws": ws}))
    assert rows == sorted(set("abcde") - poisoned) == sorted("".join(done))
    assert [event.model_dump()["word"] for event in uow.events] == rows
    fault = DBAPIError if by_the_database else ValueError
    assert set_aside == [(word, fault) for word in sorted(poisoned)]


async def test_trouble_with_the_database_is_no_items_fault(tenure: Tenure) -> None:
    async def work(_: Sequence[int]) -> None:
        raise InterfaceError("select 1", {}, Exception("the link broke"))

    async def put_away(item: int, error: Exception) -> None:
        raise AssertionError(item) from error

    with pytest.raises(InterfaceError):
        async with tenure.workers["tasks"].units.begin(new_id(), BY_TEST) as uow:
            await isolate_failures(uow, [1, 2, 3], work, put_away)

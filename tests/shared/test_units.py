"""Work for many workspaces: what fails in one holds up no other."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError

from shared.events.base import Cause
from shared.uow import UnitOfWork
from tests.harness import Tenure

BY_TEST = [Cause(type="system", id="test")]
_NAME = "update workspaces set name = 'Seen' where workspace_id = :id returning name"


async def test_a_workspace_whose_work_fails_holds_up_no_other(tenure: Tenure) -> None:
    bad, good = await tenure.workspace("Bad"), await tenure.workspace("Good")
    units = tenure.workers["accounts"].units

    async def work(uow: UnitOfWork) -> bool:
        await uow.session.execute(text(_NAME), {"id": uow.workspace_id})
        if uow.workspace_id == bad.id:
            raise ValueError("poison")
        return True

    assert await units.in_each([bad.id, good.id], BY_TEST, work, what="test")
    assert not await units.in_each([bad.id], BY_TEST, work, what="test")
    names = {}
    for ws in (bad, good):
        async with units.begin(ws.id, (), read_only=True) as uow:
            named = text("select name from workspaces where workspace_id = :id")
            names[ws.id] = await uow.session.scalar(named, {"id": ws.id})
    assert names[good.id] == "Seen" != names[bad.id]


async def test_a_database_that_is_lost_is_no_workspaces_fault(tenure: Tenure) -> None:
    ws = await tenure.workspace()

    async def work(_: UnitOfWork) -> bool:
        raise InterfaceError("select 1", {}, Exception("the link broke"))

    with pytest.raises(InterfaceError):
        await tenure.workers["tasks"].units.in_each([ws.id], BY_TEST, work, what="test")

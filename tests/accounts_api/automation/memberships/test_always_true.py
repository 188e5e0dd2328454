"""Whatever happens, in whatever order: members are those that a full look would find."""

import pytest
from sqlalchemy import text

from accounts_api.automation.memberships import evaluation
from tests.accounts_api.automation.memberships.making import START, Life, catalog, define_traits
from tests.harness import Tenure


async def must_be_true(tenure: Tenure, life: Life) -> None:
    listed = (await life.ws.admin.get("/v1/segments", params={"limit": 200})).json()["data"]
    assert listed
    for segment in listed:
        body = {
            "record_type": segment["record_type"],
            "rule": segment["rule"],
            "segment_id": segment["id"],
        }
        seen = (await life.ws.admin.post("/v1/segments/preview", body)).json()
        moving = (seen["entering"], seen["leaving"])
        assert moving == (0, 0), (segment["rule_text"], seen, life.now)
    statement = text("select count(*) from change_queue where workspace_id = :id")
    async with tenure.workers["accounts"].units.across_workspaces() as scope:
        assert (await scope.connection.scalar(statement, {"id": life.ws.id})) == 0


@pytest.mark.parametrize(("seed", "few"), [(0, 0), (1, 8)])
@pytest.mark.timeout(600)
async def test_members_are_always_what_a_full_look_finds(
    tenure: Tenure, monkeypatch: pytest.MonkeyPatch, seed: int, few: int
) -> None:
    """Whether PostgreSQL judges, or Python what it has read of few records."""
    monkeypatch.setattr(evaluation, "IN_PYTHON_UP_TO", few)
    ws = await tenure.workspace(frozen_at=START)
    await define_traits(ws)
    life, known = Life(ws, seed), catalog()
    found = (await ws.admin.get("/v1/members")).json()["data"]
    life.members = [member["id"] for member in found if member["active"]]
    for _ in range(8):
        await life.create()
    for _ in range(10):
        await life.define(known)
    for _ in range(10):
        for _ in range(life.random.randint(1, 4)):
            act = life.one((life.create, life.change, life.change, life.track, life.assign))
            await act()
        if life.random.random() < 0.5:
            await life.one((life.delete, life.undelete, life.merge))()
        if life.random.random() < 0.3:
            await life.define(known)
        if life.random.random() < 0.5:
            await life.wait(tenure)
        await tenure.settle()
        await must_be_true(tenure, life)

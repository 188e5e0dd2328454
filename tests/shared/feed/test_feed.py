"""Events reach every hearer, once, in commit order."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text

from shared.events.accounts import WorkspaceChanged
from shared.events.base import Cause
from shared.ids import new_id
from tests.harness import Tenure

SYSTEM = (Cause(type="system", id="test"),)


def changed(title: str, version: int) -> WorkspaceChanged:
    return WorkspaceChanged(
        title=title,
        time_zone="Europe/Berlin",
        currency="EUR",
        sandbox=True,
        frozen_at=datetime(2026, 3, 1, 9, tzinfo=UTC),
        settings={},
        version=version,
    )


async def title_in(tenure: Tenure, service: str, workspace_id: UUID) -> str | None:
    async with tenure.workers[service].units.begin(workspace_id, SYSTEM) as uow:  # type: ignore[index]
        found = await uow.connection.execute(
            text("select name from workspaces where workspace_id = :id"), {"id": workspace_id}
        )
        return found.scalar_one_or_none()


async def test_a_committed_event_reaches_every_hearer(tenure: Tenure) -> None:
    workspace_id = new_id()
    async with tenure.workers["accounts"].units.begin(workspace_id, SYSTEM) as uow:
        uow.publish(changed("First", 1))
    async with tenure.workers["accounts"].units.begin(workspace_id, SYSTEM) as uow:
        uow.publish(changed("Second", 2), changed("First again", 1))
    await tenure.settle()
    for service in ("tasks", "sequencer", "sync"):
        assert await title_in(tenure, service, workspace_id) == "Second"


async def test_an_event_of_a_rolled_back_change_is_never_heard(tenure: Tenure) -> None:
    workspace_id = new_id()
    try:
        async with tenure.workers["accounts"].units.begin(workspace_id, SYSTEM) as uow:
            uow.publish(changed("Never", 1))
            await uow.flush_events()
            raise LookupError
    except LookupError:
        pass
    await tenure.settle()
    assert await title_in(tenure, "tasks", workspace_id) is None


async def test_processes_answer_their_health_checks(tenure: Tenure) -> None:
    client = tenure.client()
    assert (await client.get("/livez")).text == "ok"
    assert (await client.get("/readyz")).text == "ok"
    refused = await client.get("/internal/events")
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"] == "unauthorized"

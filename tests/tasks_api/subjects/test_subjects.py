"""Tasks and notes go where the record goes that they are about: through a merge, away and back."""

from typing import Any

import pytest

from tests.accounts_api.records.making import make
from tests.harness import Tenure, Workspace

Json = dict[str, Any]
ANY = {"if-match": "*"}


class World:
    """Two accounts, and of the first an opportunity, tasks and notes."""

    def __init__(self, tenure: Tenure, ws: Workspace) -> None:
        self.tenure, self.ws = tenure, ws
        self.ids: dict[str, str] = {}

    async def furnish(self) -> None:
        ids = self.ids
        ids["acme"] = (await make(self.ws, "accounts", {"name": "Acme"}))["id"]
        ids["initech"] = (await make(self.ws, "accounts", {"name": "Initech"}))["id"]
        deal = {"name": "Acme renewal", "type": "renewal", "account_id": ids["acme"]}
        ids["deal"] = (await make(self.ws, "opportunities", deal))["id"]
        assignee = self.ws.details["admin_id"]
        task = {"title": "Call", "assignee_id": assignee, "account_id": ids["acme"]}
        about = {"subject_type": "opportunity", "subject_id": ids["deal"]}
        await make(self.ws, "tasks", task)
        await make(self.ws, "tasks", {**task, "title": "Send the offer", **about})
        of_acme = {"subject_type": "account", "subject_id": ids["acme"]}
        note = {"title": "Kick-off", "body": "They are happy.", "account_id": ids["acme"]}
        await make(self.ws, "notes", {**note, **of_acme})
        await make(self.ws, "notes", {**note, "title": "Prices", **about})
        await self.tenure.settle()

    async def listed(self, plural: str, **query: str) -> list[Json]:
        answer = await self.ws.admin.get(f"/v1/{plural}", params=query)
        assert answer.status_code == 200, answer.text
        return sorted(answer.json()["data"], key=lambda each: str(each["title"]))

    async def titles(self) -> tuple[list[str], list[str]]:
        """Of open tasks and of notes."""
        tasks = await self.listed("tasks", filter='status = "open"')
        return [each["title"] for each in tasks], [
            each["title"] for each in await self.listed("notes")
        ]

    async def change(self, path: str, **body: Any) -> None:
        answer = await self.ws.admin.post(path, body or None)
        assert answer.is_success, answer.text
        await self.tenure.settle()

    async def delete(self, path: str) -> None:
        assert (await self.ws.admin.delete(path, headers=ANY)).status_code == 204
        await self.tenure.settle()


@pytest.fixture
async def world(tenure: Tenure) -> World:
    made = World(tenure, await tenure.workspace())
    await made.furnish()
    return made


ALL = (["Call", "Send the offer"], ["Kick-off", "Prices"])


async def test_after_a_merge_tasks_and_notes_are_the_winners(world: World) -> None:
    acme, initech = world.ids["acme"], world.ids["initech"]
    await world.change(f"/v1/accounts/{initech}/merge", loser_id=acme)
    for plural in ("tasks", "notes"):
        assert {each["account_id"] for each in await world.listed(plural)} == {initech}
    kick_off, prices = await world.listed("notes")
    assert kick_off["subject_id"] == initech
    assert prices["subject_id"] == world.ids["deal"]
    assert await world.titles() == ALL


async def test_what_is_about_a_deleted_account_goes_and_comes_back_with_it(world: World) -> None:
    path = f"/v1/accounts/{world.ids['acme']}"
    call, _ = await world.listed("tasks")
    await world.delete(path)
    assert await world.titles() == ([], [])
    closed = (await world.ws.admin.get(f"/v1/tasks/{call['id']}")).json()
    assert (closed["status"], closed["outcome"]) == ("closed", "record_deleted")
    events = (await world.ws.admin.get("/v1/events?types=task.closed")).json()["data"]
    assert [each["data"]["reason"] for each in events] == ["record_deleted"] * 2
    await world.change(f"{path}/undelete")
    assert await world.titles() == ALL
    assert (await world.listed("tasks"))[0]["outcome"] is None


async def test_a_deleted_opportunity_takes_only_its_own(world: World) -> None:
    path = f"/v1/opportunities/{world.ids['deal']}"
    await world.delete(path)
    assert await world.titles() == (["Call"], ["Kick-off"])
    await world.change(f"{path}/undelete")
    assert await world.titles() == ALL


async def test_what_a_person_ended_stays_ended(world: World) -> None:
    call, _ = await world.listed("tasks")
    await world.change(f"/v1/tasks/{call['id']}/complete")
    path = f"/v1/accounts/{world.ids['acme']}"
    await world.delete(path)
    await world.change(f"{path}/undelete")
    assert await world.titles() == (["Send the offer"], ["Kick-off", "Prices"])


async def test_what_is_about_an_ignored_account_is_in_no_list(world: World) -> None:
    rule = {"title": "Not ours", "status": "ignored", "rule": 'name = "Acme"'}
    made = await make(world.ws, "lifecycle-rules", rule)
    await world.tenure.settle()
    assert await world.titles() == ([], [])
    await world.delete(f"/v1/lifecycle-rules/{made['id']}")
    assert await world.titles() == ALL

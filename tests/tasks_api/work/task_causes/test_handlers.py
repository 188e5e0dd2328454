from typing import Any

import pytest

from shared.events.sequences import EnrollmentUnblocked
from tests.harness import Tenure
from tests.tasks_api.work.task_causes.making import BY_TEST, blocked


def rule(status: str, **values: str) -> dict[str, str]:
    """What a list of tasks is asked with."""
    equal = {"status": status, **values}
    return {"filter": " and ".join(f'{name} = "{value}"' for name, value in equal.items())}


async def test_one_cause_makes_one_open_task_which_closes_itself(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    event = await blocked(tenure, ws)
    await blocked(tenure, ws, **event.model_dump())
    listed = (await ws.admin.get("/v1/tasks", params=rule("open", cause="no_deal_room"))).json()[
        "data"
    ]
    assert [task["title"] for task in listed] == ["Create a deal room for Acme renewal"]
    async with tenure.workers["sequencer"].units.begin(ws.id, BY_TEST) as uow:
        uow.publish(
            EnrollmentUnblocked(
                cause="no_deal_room",
                sequence_id=event.sequence_id,
                opportunity_id=event.opportunity_id,
            )
        )
    await tenure.settle()
    assert (await ws.admin.get("/v1/tasks", params=rule("open"))).json()["data"] == []
    closed = (await ws.admin.get("/v1/tasks", params=rule("closed"))).json()["data"]
    assert [task["outcome"] for task in closed] == ["cause_cleared"]


@pytest.mark.parametrize(
    ("at_first", "corrected"),
    [
        ({"contract_expiration": "2020-01-01"}, {"contract_expiration": "2099-01-01"}),
        ({"is_closed": True}, {"is_closed": False}),
    ],
)
async def test_the_task_of_a_refused_entry_closes_when_nothing_stands_in_its_way_any_more(
    tenure: Tenure, at_first: dict[str, Any], corrected: dict[str, Any]
) -> None:
    ws = await tenure.workspace()
    account = (await ws.admin.post("/v1/accounts", {"name": "Acme"})).json()
    renewal = {"name": "Acme renewal", "type": "renewal", "account_id": account["id"]}
    made = await ws.admin.post("/v1/opportunities", renewal | at_first)
    path = f"/v1/opportunities/{made.json()['id']}"
    refused = await ws.admin.patch(path, {"manually_enter_renewal_sequence": True})
    assert refused.status_code == 409, refused.text
    await tenure.settle()
    about = made.json()["id"]

    async def tasks(status: str) -> list[dict[str, Any]]:
        listed = await ws.admin.get("/v1/tasks", params=rule(status, subject_id=about))
        found: list[dict[str, Any]] = listed.json()["data"]
        return found

    [task] = await tasks("open")
    assert task["cause"] == refused.json()["code"]
    await ws.admin.patch(path, {"name": "Acme, renewed"})
    await tenure.settle()
    assert len(await tasks("open")) == 1
    await ws.admin.patch(path, corrected)
    await tenure.settle()
    [closed] = await tasks("closed")
    assert (closed["id"], closed["outcome"]) == (task["id"], "cause_cleared")

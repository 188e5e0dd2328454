"""How a login becomes a call, as the page tells it."""

from typing import Any

from deploy.migrate import ROOT
from tests.docs.following import blocks, run
from tests.harness import Tenure


async def test_the_way_from_a_login_to_a_call_is_as_the_guide_tells(
    tenure: Tenure, gateway: str
) -> None:
    ws = await tenure.workspace()

    async def label() -> tuple[Any, ...]:
        chosen = {"fields": "metrics.weekly_people,health.presence.label"}
        found = (await ws.admin.get("/v1/accounts/by-external-id/story-1", params=chosen)).json()
        indicators = await ws.admin.get(f"/v1/accounts/{found['id']}/indicators")
        states = [one["state"] for one in indicators.json()["data"] if one["state"] != "cleared"]
        rule = f'status = "open" and subject_id = "{found["id"]}"'
        tasks = (await ws.admin.get("/v1/tasks", params={"filter": rule})).json()["data"]
        titles = [task["title"] for task in tasks]
        value = found["metrics"]["weekly_people"]
        return value, found["health"]["presence"]["label"], states, titles

    commands = [command for _, command in blocks(ROOT / "docs/from-a-login-to-a-call.md", "sh")]
    said = []
    for command in commands:
        status, output = await run(command, gateway, ws.keys["admin"])
        assert status == 0, f"{command}\n{output}"
        await tenure.settle()
        if "indicator-definitions" in command or "workspace/clock" in command:
            said.append(await label() if "3-02T" not in command else None)
    said.append(await label())
    assert said[1:] == [
        (100, "healthy", [], []),
        (0, "poor", ["open"], ["Call their sponsor"]),
        (50, "healthy", [], []),
    ]

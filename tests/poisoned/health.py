"""One record that cannot be scored costs itself."""

from typing import Final

from tests.accounts_api.signals.health_scores.making import define, definition, linear, measure
from tests.poisoned.poison import Step, Steps, World

SERVICE: Final = "accounts"
STEPS = Steps[Step]()
step = STEPS.named


@step("rules: health")
async def scored(world: World) -> None:
    await world.make("/v1/health-scores", key="overall", title="H", record_type="account")
    named = measure("named", 'rule(name starts with "Item")', linear(0, 100))
    await define(world.ws, definition(named))
    await world.tenure.settle()
    ids = await world.accounts()
    async with world.refusing("accounts.health_scores", f"record_id = '{ids[1]}'"):
        await world.tenure.settle()
        assert await scores(world, ids) == [100, None, 100]
        held = [row["about"]["record_id"] for row in await world.held(SERVICE)]
        assert held == [ids[1]]
    await world.retry(SERVICE)
    assert await scores(world, ids) == [100, 100, 100]


async def scores(world: World, ids: list[str]) -> list[int | None]:
    found = []
    for id_ in ids:
        answer = await world.ws.admin.get(f"/v1/accounts/{id_}", params={"fields": "health.score"})
        found.append(answer.json()["health"]["score"])
    return found

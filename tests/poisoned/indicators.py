"""One bad record among those that a rule of an indicator finds."""

from typing import Final

from tests.poisoned.poison import Step, Steps, World

SERVICE: Final = "accounts"
STEPS = Steps[Step]()
step = STEPS.named


@step("rules: indicator")
async def indicator(world: World) -> None:
    sign = {"title": "Sign", "kind": "risk", "severity": 2, "record_type": "account"}
    written = {**sign, "rule": 'name starts with "Item"'}
    await world.make("/v1/indicator-definitions", **written)
    await world.tenure.settle()
    ids = await world.accounts()

    async def opened() -> set[str]:
        rows = (await world.ws.observer.get("/v1/indicators?state=open")).json()["data"]
        return {row["record_id"] for row in rows}

    async with world.refusing("accounts.indicators", f"record_id = '{ids[1]}'"):
        await world.tenure.settle()
        assert await opened() == {ids[0], ids[2]}
        held = [(row["step"], row["about"]["record_id"]) for row in await world.held(SERVICE)]
        assert held == [("rules", ids[1])]
    await world.retry(SERVICE)
    assert await opened() == set(ids)

"""Steps that keep true how customers are doing."""

from typing import Any, Final

from tests.poisoned.poison import Step, Steps, World
from tests.poisoned.product_sdks import STEPS as OF_PRODUCT_SDKS

SERVICE: Final = "accounts"
STEPS = Steps[Step](OF_PRODUCT_SDKS)
step = STEPS.named


@step("rules: metric")
async def metric(world: World) -> None:
    ids = await world.accounts()
    await world.tenure.settle()
    async with world.refusing("accounts.metric_values", f"record_id = '{ids[1]}'"):
        body = {"title": "N", "record_type": "account", "numerator": {"source": "contacts"}}
        await world.make("/v1/metrics", **body)
        await world.tenure.settle()
        assert await counted(world, ids) == [0, None, 0]
        assert [row["about"]["record_id"] for row in await world.held(SERVICE)] == [ids[1]]
    await world.retry(SERVICE)
    assert await counted(world, ids) == [0, 0, 0]


async def counted(world: World, ids: list[str]) -> list[Any]:
    answers = [await world.ws.observer.get(f"/v1/accounts/{id_}/metrics") for id_ in ids]
    return [answer.json()["data"][0]["value"] for answer in answers]

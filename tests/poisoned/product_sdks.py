"""One bad message in the middle of a batch costs itself, in every step of what SDKs send."""

from typing import Any, Final

from tests.accounts_api.signals.product_events.making import events
from tests.poisoned.poison import Step, Steps, World

SERVICE: Final = "accounts"
STEPS = Steps[Step]()
step = STEPS.named


def event(key: str) -> dict[str, Any]:
    return {"type": "track", "event": "login", "messageId": f"m-{key}", "userId": key}


@step("product events: a batch")
async def product_events(world: World) -> None:
    batch = {"batch": [event(key) for key in ("a", "b", "c")]}
    async with world.refusing("accounts.product_events", "message_id = 'm-b'"):
        answer = (await world.ws.admin.post("/v1/batch", batch)).json()
    assert (answer["accepted"], [row["index"] for row in answer["refused"]]) == (2, [1])
    again = (await world.ws.admin.post("/v1/batch", batch)).json()
    assert (again["accepted"], again["duplicates"]) == (1, 2)


@step("waiting-product-events")
async def waiting_events(world: World) -> None:
    await world.ws.admin.post("/v1/batch", {"batch": [event(key) for key in ("a", "b", "c")]})
    rows = [{"external_id": key, "name": "Item"} for key in ("a", "b", "c")]
    spoilt = "user_id = 'b' and contact_id is not null"
    async with world.refusing("accounts.product_events", spoilt):
        answer = (await world.ws.admin.post("/v1/contacts/bulk", {"rows": rows})).json()
        ids = [row["id"] for row in answer["results"]]
        assert [row["status"] for row in answer["results"]] == ["created"] * 3
        counted = [len(await events(world.ws, f"contacts/{id_}")) for id_ in ids]
        assert counted == [1, 0, 1]
        (row,) = await world.held(SERVICE)
        assert row["step"] == "waiting_product_events"


@step("product-profiles")
async def profiles(world: World) -> None:
    rows = [{"external_id": key, "name": "Item"} for key in ("a", "b", "c")]
    answer = (await world.ws.admin.post("/v1/contacts/bulk", {"rows": rows})).json()
    ids = [row["id"] for row in answer["results"]]
    mapping = {"kind": "user", "name": "job", "field": "title"}
    await world.make("/v1/product-trait-mappings", **mapping)
    said = [
        {"type": "identify", "userId": key, "traits": {"job": "CTO"}} for key in ("a", "b", "c")
    ]
    spoilt = "external_id = 'b' and record_id is not null"
    async with world.refusing("accounts.product_profiles", spoilt):
        assert (await world.ws.admin.post("/v1/batch", {"batch": said})).json()["accepted"] == 3
        await world.tenure.settle()
        (row,) = await world.held(SERVICE)
        assert (row["step"], row["about"]["external_id"]) == ("product_profiles", "b")
    await world.retry(SERVICE)
    titles = [(await world.ws.observer.get(f"/v1/contacts/{id_}")).json()["title"] for id_ in ids]
    assert titles == ["CTO"] * 3

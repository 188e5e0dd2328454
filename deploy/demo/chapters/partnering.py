"""7. A partner hears of all this, signed, and is told later what it missed."""

from collections import Counter

from deploy.demo.inside import Json
from deploy.demo.world import World

TYPES = ("segment.*", "enrollment.*", "message.*", "task.*", "contact.*", "opportunity.*")
_CATCH_UP_SECONDS = 90


async def subscribe(world: World) -> None:
    """Before anything the partner should hear of happens."""
    await world.api.settle()
    start = await world.api.get("/v1/events", after="latest", limit=1)
    world.ids["heard from"] = start["next_after"]
    endpoint = await world.api.post(
        "/v1/webhook-endpoints",
        {"url": world.partner.hook_url, "description": "A partner's CRM", "types": [*TYPES]},
        expect=201,
    )
    world.ids["endpoint"] = endpoint["id"]
    await world.partner.expect(endpoint["secret"])
    world.story.tell(f"a partner listens at {world.partner.hook_url}")


async def goes_down(world: World) -> None:
    await world.partner.down()
    world.story.tell("the partner's server goes down")


async def play(world: World) -> None:
    story = world.story
    story.chapter(7, "A partner has heard of all this")
    told = await feed(world)
    heard = await _heard(world)
    missed = {event["id"] for event in told} - heard.keys()
    story.true(
        f"of {len(told)} events the partner has {len(heard)}; {len(missed)} it missed while down",
        bool(missed) and bool(heard),
        {"told": len(told), "heard": len(heard)},
    )
    await world.partner.up()
    await heard_everything(world, "its server is up again: it gets all that it missed")
    await _signed_and_known(world)
    await _test_button(world)


async def feed(world: World) -> list[Json]:
    """What `GET /v1/events` has told of these types since the partner listens."""
    events: list[Json] = []
    after, more = world.ids["heard from"], True
    while more:
        page = await world.api.get("/v1/events", after=after, limit=1000, types=",".join(TYPES))
        events += page["data"]
        after, more = page["next_after"], page["has_more"]
    return events


async def heard_everything(world: World, claim: str) -> None:
    async def missing() -> set[str]:
        told = {event["id"] for event in await feed(world)}
        return told - (await _heard(world)).keys()

    await world.story.soon(claim, missing, set(), within=_CATCH_UP_SECONDS)


async def _heard(world: World) -> dict[str, Json]:
    """Deliveries that the partner took, by event."""
    deliveries = await world.partner.deliveries()
    return {each["webhook_id"]: each for each in deliveries if each["status"] == 200}  # noqa: PLR2004


async def _signed_and_known(world: World) -> None:
    story = world.story
    deliveries = await world.partner.deliveries()
    unverified = [each["problem"] for each in deliveries if not each["verified"]]
    story.equal(
        f"all {len(deliveries)} deliveries verify with the library `standardwebhooks`",
        unverified,
        [],
    )
    told = {event["id"]: event["type"] for event in await feed(world)}
    strange = (await _heard(world)).keys() - told.keys()
    story.equal("none of them is unknown to the event feed", strange, set())
    for name, count in sorted(Counter(told.values()).items()):
        story.tell(f"{count:>4}  {name}")


async def _test_button(world: World) -> None:
    before = len(await world.partner.deliveries())
    await world.api.post(f"/v1/webhook-endpoints/{world.ids['endpoint']}/test")

    async def arrived() -> list[bool]:
        return [bool(each["verified"]) for each in (await world.partner.deliveries())[before:]]

    await world.story.soon("the test button works", arrived, [True])

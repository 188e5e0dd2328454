"""9. Usage of one customer falls: the label, why, who is told what to do, and how it comes back."""

from datetime import timedelta
from typing import Any, Final

from deploy.demo.world import Json, World
from tests.simulators.salesforce import landmarks

_PEOPLE: Final = 3
_WEEK: Final = 7
_METRIC: Final = {
    "key": "weekly_active_share",
    "title": "Weekly active contacts",
    "record_type": "account",
    "unit": "percent",
    "numerator": {"source": "active_contacts", "events": ["login"], "window_days": _WEEK},
    "denominator": {"source": "contacts"},
    "decimals": 1,
}
_DEFINITION: Final[Json] = {
    "key": "everyone",
    "title": "Everyone",
    "labels": [
        {"key": "poor", "from": 0, "tone": "bad"},
        {"key": "concerning", "from": 40, "tone": "warn"},
        {"key": "healthy", "from": 70, "tone": "good"},
    ],
    "groups": [
        {
            "key": "usage",
            "weight": 70,
            "measures": [
                {
                    "key": "active",
                    "input": "metrics.weekly_active_share",
                    "when_null": "skip",
                    "points": {"linear": {"from": 10, "to": 60}},
                }
            ],
        },
        {
            "key": "revenue",
            "weight": 30,
            "measures": [
                {
                    "key": "pays",
                    "input": "rule(arr > 0 USD or arr > 0 EUR or arr > 0 GBP)",
                    "points": {"linear": {"from": 0, "to": 100}},
                    "not_actionable": True,
                }
            ],
        },
    ],
}
_INDICATOR: Final = {
    "key": "usage_lost",
    "title": "Usage is lost",
    "kind": "risk",
    "severity": 4,
    "record_type": "account",
    "rule": 'health.label = "poor"',
    "owner_key_role": "csm",
    "call_to_action": {
        "title": "Call the sponsor about their usage",
        "due": {"business_days": 2},
        "assignee_key_role": "csm",
    },
}


async def play(world: World) -> None:
    world.story.chapter(9, "A customer goes quiet, and comes back")
    account = await world.account(landmarks.EXPONENT_ACCOUNT, include="contacts")
    people = await _people(world, account)
    await _people_log_in(world, people)
    await _define(world)
    healthy = await _score(world, account)
    world.story.equal(
        f"{account['name']}: {healthy['score']} points, {healthy['label']}",
        healthy["label"],
        "healthy",
    )
    await world.api.post("/v1/indicator-definitions", _INDICATOR)
    await world.advance(timedelta(days=_WEEK + 1), "nobody has logged in for a week")
    await _goes_quiet(world, account, healthy)
    await _people_log_in(world, people)
    await _comes_back(world, account)


async def _people(world: World, account: Json) -> list[str]:
    """Contacts of the account by external id; all that it has are among them."""
    ids = [str(contact["external_id"]) for contact in account["contacts"]]
    missing = [f"demo-usage-{number}" for number in range(len(ids), _PEOPLE)]
    for external_id in missing:
        contact = {
            "name": external_id.title(),
            "accounts": [{"account_id": account["id"]}],
        }
        await world.api.put(f"/v1/contacts/by-external-id/{external_id}", contact)
    return [*ids, *missing]


async def _people_log_in(world: World, people: list[str]) -> None:
    for user in people:
        message = {
            "event": "login",
            "userId": user,
            "groupId": landmarks.EXPONENT_ACCOUNT,
            "timestamp": world.now.isoformat(),
        }
        await world.api.post("/v1/track", message)
    await world.api.settle()
    world.story.tell(f"{len(people)} people of the customer log in")


async def _define(world: World) -> None:
    await world.api.post("/v1/metrics", _METRIC)
    made = await world.api.post(
        "/v1/health-scores", {"key": "overall", "title": "Health", "record_type": "account"}
    )
    await world.api.put(
        f"/v1/health-scores/{made['id']}/definitions", {"definitions": [_DEFINITION]}
    )
    await world.api.settle()


async def _score(world: World, account: Json) -> Json:
    fields = "health.score,health.label,metrics.weekly_active_share"
    found = await world.api.get(f"/v1/accounts/{account['id']}", fields=fields)
    return {**found["health"], "active": found["metrics"]["weekly_active_share"]}


async def _goes_quiet(world: World, account: Json, before: Json) -> None:
    story = world.story
    poor = await _score(world, account)
    story.equal(
        f"at midnight its logins left the window: {before['active']:g} % became"
        f" {poor['active']:g} %, {before['score']} points {poor['score']}",
        (poor["active"], poor["label"]),
        (0, "poor"),
    )
    why = await world.api.get(f"/v1/accounts/{account['id']}/health/overall/explain")
    _show(world, why["explanation"])
    flip = why["explanation"]["smallest_flip"]["up"]
    story.equal(
        f"the least that would make it {flip['to']}: active contacts from"
        f" {flip['changes'][0]['from']:g} to {flip['changes'][0]['to']:g} %",
        [change["measure"] for change in flip["changes"]],
        ["active"],
    )
    [indicator] = await _live_indicators(world, account)
    holders = (await world.account(landmarks.EXPONENT_ACCOUNT, include="key_roles"))["key_roles"]
    story.equal(
        "a risk is open, and the account's CSM owns it",
        (indicator["state"], [indicator["owner_id"]]),
        ("open", holders["csm"][:1]),
    )
    [task] = await _calls(world, account)
    story.equal(
        f"who has a task: “{task['title']}”, due {task['due_at']}",
        task["assignee_id"],
        indicator["owner_id"],
    )


def _show(world: World, why: Json) -> None:
    for measure in why["measures"]:
        world.story.show(
            f"{measure['key']}: {measure.get('value')} gives {measure.get('points')} points,"
            f" weighs {measure.get('effective_weight')}, adds {measure.get('contribution')}"
        )


async def _comes_back(world: World, account: Json) -> None:
    story = world.story
    again = await _score(world, account)
    story.equal(
        f"its label is {again['label']} again, with {again['score']} points",
        again["label"],
        "healthy",
    )
    story.equal(
        "the risk is cleared, and the task closed itself",
        (await _live_indicators(world, account), await _calls(world, account)),
        ([], []),
    )
    labels = await _history(world, account)
    story.equal("its history has all three", labels[:3], ["healthy", "poor", "healthy"])


async def _live_indicators(world: World, account: Json) -> list[Json]:
    rows = await world.api.every(f"/v1/accounts/{account['id']}/indicators")
    return [row for row in rows if row["state"] != "cleared"]


async def _calls(world: World, account: Json) -> list[Json]:
    tasks = await world.open_tasks(subject_id=account["id"])
    title: Any = _INDICATOR["call_to_action"]
    return [task for task in tasks if task["title"] == title["title"]]


async def _history(world: World, account: Json) -> list[str]:
    """Its labels, the latest first."""
    rows = await world.api.every(f"/v1/accounts/{account['id']}/health/overall/history")
    return [row["label"] for row in rows if row["label"] is not None]

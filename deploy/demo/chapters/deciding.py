"""6. A renewal manager enters a late renewal by hand; an expired one is refused."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from deploy.demo.chapters.hearing import enrollment_of
from deploy.demo.configuration import STEP_TITLES
from deploy.demo.world import World
from tests.simulators.salesforce.landmarks import LANDMARKS

_LATE = LANDMARKS["late_4"]
_EXPIRED = LANDMARKS["expired_1"]
_PASSED = (-90, -60)
_TO_COME = (-30, -14, -7)
_FLAG = {"manually_enter_renewal_sequence": True}


async def play(world: World) -> None:
    world.story.chapter(6, "A person decides about the late ones")
    await _a_late_one(world)
    await _an_expired_one(world)


async def _a_late_one(world: World) -> None:
    story = world.story
    renewal = await world.opportunity(str(_LATE.opportunity_id))
    days = (date.fromisoformat(renewal["contract_expiration"]) - world.now.date()).days
    tasks = await world.open_tasks(subject_id=renewal["id"])
    story.equal(
        f"{renewal['name']} expires in {days} days; its task says that a person decides",
        [task["cause"] for task in tasks],
        ["manual_entry_required"],
    )
    await world.keiko.patch(f"/v1/opportunities/{renewal['id']}", _FLAG)
    await world.api.settle()
    story.equal(
        "Keiko sets manually_enter_renewal_sequence: the task closed itself",
        await world.open_tasks(subject_id=renewal["id"]),
        [],
    )
    enrollment = await enrollment_of(world, _LATE.opportunity_id)
    story.equal(
        "it entered by hand", (enrollment["entry"], enrollment["state"]), ("manual", "active")
    )
    messages = await world.found("/v1/messages", opportunity_id=renewal["id"])
    skipped = {row["step_title"] for row in messages if row["state"] == "skipped"}
    story.equal(
        "the steps that have passed are skipped, not sent in a burst",
        (skipped, [row["step_title"] for row in messages if row["state"] == "sent"]),
        ({STEP_TITLES[offset] for offset in _PASSED}, []),
    )
    first = date.fromisoformat(renewal["contract_expiration"]) + timedelta(days=_TO_COME[0])
    account = await world.account(_LATE.account_id)
    due = datetime.fromisoformat(enrollment["next_due_at"]).astimezone(
        ZoneInfo(account["time_zone"])
    )
    story.true(
        f"next is “{STEP_TITLES[_TO_COME[0]]}” on {due:%A %-d %B at %H:%M} in"
        f" {account['time_zone']}",
        due.date() >= first and due.isoweekday() <= 5 and 9 <= due.hour < 17,  # noqa: PLR2004
        due,
    )


async def _an_expired_one(world: World) -> None:
    story = world.story
    renewal = await world.opportunity(str(_EXPIRED.opportunity_id))
    path = f"/v1/opportunities/{renewal['id']}"
    refused = await world.keiko.patch(path, _FLAG, expect=409)
    story.show(f"409 {refused['code']}: {refused['detail']}")
    story.equal(
        f"{renewal['name']} expired on {renewal['contract_expiration']}: refused with 409",
        refused["code"],
        "contract_expired",
    )
    await world.api.settle()
    tasks = await world.open_tasks(subject_id=renewal["id"])
    story.equal("and one task", [task["cause"] for task in tasks], ["contract_expired"])
    await world.keiko.patch(path, _FLAG, expect=409)
    await world.api.settle()
    tasks = await world.open_tasks(subject_id=renewal["id"])
    story.equal("asked again it is still one task", len(tasks), 1)
    unchanged = await world.api.get(path)
    rows = await world.found("/v1/enrollments", opportunity_id=renewal["id"])
    story.equal(
        "nothing was stored and nothing entered",
        (unchanged["manually_enter_renewal_sequence"], rows),
        (False, []),
    )

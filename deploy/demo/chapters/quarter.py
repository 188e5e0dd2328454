"""The rest of the quarter, in which everything breaks once."""

import asyncio
import signal
from collections import Counter
from datetime import UTC, datetime, timedelta

from deploy.demo.chapters import partnering
from deploy.demo.chapters.sending import AMERICAS, ASIA, EUROPE
from deploy.demo.configuration import STEP_TITLES
from deploy.demo.inside import Json
from deploy.demo.ledger import check_ledger
from deploy.demo.world import World
from tests.simulators.salesforce.landmarks import LANDMARKS

_WORLD = (ASIA, EUROPE, AMERICAS)
_DAYS = (
    (datetime(2026, 3, 16, tzinfo=UTC), (EUROPE, AMERICAS)),
    (datetime(2026, 3, 30, tzinfo=UTC), (EUROPE,)),
    (datetime(2026, 4, 6, tzinfo=UTC), _WORLD),
    (datetime(2026, 5, 4, tzinfo=UTC), _WORLD),
    (datetime(2026, 5, 19, tzinfo=UTC), _WORLD),
    (datetime(2026, 5, 26, tzinfo=UTC), _WORLD),
)
"""On each of them steps of some renewals are due, or were on the weekend before."""
_AFTER = datetime(2026, 6, 3, 12, tzinfo=UTC)
_LATE = LANDMARKS["late_4"]
_EDITED = LANDMARKS["exponent"]
_STEPS = len(STEP_TITLES)


async def play(world: World) -> None:
    world.story.chapter(8, "The rest of the quarter, in which everything breaks once")
    await _salesforce_has_bad_weather(world)
    await _salesforce_says_enough(world)
    await _days_pass(world)
    await _everyone_got_their_mails(world)
    await check_ledger(world)
    await partnering.heard_everything(world, "and the partner has heard of it all")


async def _salesforce_has_bad_weather(world: World) -> None:
    """Trouble that passes: asked again by the rules, nothing is lost, nobody has to know."""
    story = world.story
    await world.salesforce.ask("DELETE", "/__control/requests")
    await world.salesforce.ask("DELETE", "/__control/sessions")
    for preset, first in (("too_many_requests", 1), ("unknown_exception", 2), ("truncated", 3)):
        await world.salesforce.fault("GET .*/queryAll", preset=preset, first=first)
    story.tell(
        "Salesforce ends our session (401), and answers 429, 500 and half an answer to queries"
    )
    await _edit(world, "Meridian Insurance Group One")
    await _arrives(world, "Meridian Insurance Group One")
    asked = await world.salesforce.ask("GET", "/__control/requests")
    met = {fault for request in asked for fault in request["faults"]}
    met |= {"401"} if any(request["status"] == 401 for request in asked) else set()  # noqa: PLR2004
    story.equal(
        "all of that was met",
        met,
        {"401", "too_many_requests", "unknown_exception", "truncated"},
    )


async def _edit(world: World, name: str) -> None:
    await world.salesforce.edit(_EDITED.account_id, Name=name)


async def _arrives(world: World, name: str) -> None:
    async def here() -> str:
        return str((await world.account(_EDITED.account_id))["name"])

    await world.story.soon(f"an edit made meanwhile arrives: “{name}”", here, name, within=60)


async def _salesforce_says_enough(world: World) -> None:
    """Trouble that a person should know of."""
    story = world.story
    await world.salesforce.fault("GET .*/queryAll", preset="total_requests_limit", times=None)

    async def run() -> Json:
        page = await world.api.get("/v1/sync-runs", connection_id=world.ids["salesforce"])
        newest: Json = page["data"][0]
        return {"status": newest["status"], "reason": newest["reason"]}

    told = await story.soon(
        "the day's requests are spent: the run says so",
        run,
        lambda run: "REQUEST_LIMIT_EXCEEDED" in str(run["reason"]),
        within=30,
    )
    story.show(f"{told['status']}: {told['reason']}")
    connection = await world.api.get(f"/v1/connections/{world.ids['salesforce']}")
    pause = datetime.fromisoformat(connection["next_run_at"]) - datetime.now(UTC)
    story.true(
        f"and the connection leaves Salesforce alone for {pause.total_seconds() / 60:.0f} minutes",
        pause > timedelta(minutes=10),
        connection,
    )
    await _edit(world, _EDITED.account_name)
    await world.salesforce.ask("DELETE", "/__control/faults")
    await world.api.post(f"/v1/connections/{world.ids['salesforce']}/sync")
    await _arrives(world, _EDITED.account_name)


async def _days_pass(world: World) -> None:
    for number, (day, hours) in enumerate(_DAYS):
        moments = [day + hour for hour in hours]
        if number == 1 and world.stage.owns_servers:
            await _postgres_restarts(world, moments[0])
        else:
            await world.move_clock(moments[0], "another day on which mails are due")
        for moment in moments[1:]:
            await world.move_clock(moment)
        world.story.tell(f"{len(await world.mail.accepted())} mails in the sink")
    await world.move_clock(_AFTER, "all these contracts have expired")


async def _postgres_restarts(world: World, moment: datetime) -> None:
    """At the moment at which mails fall due."""
    before = {name: pid for name, pid in world.stage.pids.items() if name != "postgres"}
    await asyncio.gather(
        world.stage.crash("postgres", signal.SIGQUIT),
        world.move_clock(moment, "PostgreSQL is shut down at once, and started again"),
    )
    await world.api.settle()
    after = {name: pid for name, pid in world.stage.pids.items() if name != "postgres"}
    world.story.equal("every process healed by itself, none was restarted", after, before)


async def _everyone_got_their_mails(world: World) -> None:
    """Of those that nothing stopped: every step once. Of the late one: what was left of it."""
    story = world.story
    rows = await world.database.rows(
        "select e.id, e.entry, e.exit_reason, count(m.id) filter (where m.state = 'sent'"
        " and m.superseded_at is null) as sent from sequencer.enrollments e"
        " left join sequencer.messages m on m.workspace_id = $1 and m.enrollment_id = e.id"
        " where e.workspace_id = $1 and e.anchor_on < $2"
        " group by e.id, e.entry, e.exit_reason",
        world.now.date(),
    )
    reasons = Counter(row["exit_reason"] for row in rows)
    told = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    story.true(f"every enrollment has ended: {told}", None not in reasons, reasons)
    through = [row for row in rows if row["exit_reason"] == "completed"]
    by_itself = [row["sent"] for row in through if row["entry"] == "audience"]
    story.equal(
        f"{len(by_itself)} renewals went through the sequence: {_STEPS} mails each",
        by_itself,
        [_STEPS] * len(by_itself),
    )
    late = await world.opportunity(str(_LATE.opportunity_id))
    messages = await world.found("/v1/messages", opportunity_id=late["id"], state="sent")
    story.equal(
        f"{_LATE.account_name}, entered late by hand, got what was left",
        [row["step_title"] for row in reversed(messages)],
        [STEP_TITLES[offset] for offset in (-30, -14, -7)],
    )

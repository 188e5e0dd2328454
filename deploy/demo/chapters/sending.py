"""4. Steps that are due are sent, each once, whatever dies meanwhile."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.demo.configuration import STEP_TITLES
from deploy.demo.ledger import check_ledger
from deploy.demo.world import World

_MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
ASIA, EUROPE, AMERICAS = (timedelta(hours=hours) for hours in (1, 10, 18))
"""Hours of a day (UTC) at which the business hours of all customers are open, of one region or
another.
"""
_SPECIAL = ("@bounce.example", "@reply.example", "@ooo.example")
_SILENCE_SECONDS = 120


async def play(world: World) -> None:
    story = world.story
    story.chapter(4, "Steps that are due are sent, each once")
    await world.move_clock(_MONDAY + ASIA, "Monday morning in Asia and the Pacific")
    await _tell_sent(world)
    if world.stage.owns_servers:
        await asyncio.gather(
            world.stage.crash("redis"),
            world.move_clock(_MONDAY + EUROPE, "in Europe and Africa, while Redis is killed"),
        )
        await world.api.settle()
    else:
        await world.move_clock(_MONDAY + EUROPE, "in Europe and Africa")
    await _tell_sent(world)
    await _kill_the_worker(world)
    await check_ledger(world)
    await _look_at_one(world)
    await _status_is_in_salesforce(world)


async def _tell_sent(world: World) -> None:
    mails = await world.mail.accepted()
    world.story.tell(f"{len(mails)} mails in the sink so far")


async def _kill_the_worker(world: World) -> None:
    """The server takes the mail and falls silent; the worker dies before it knows."""
    story, to = world.story, _MONDAY + AMERICAS
    victim = await _somebody_due(world, to)
    rule = await world.mail.rule(
        recipient=victim,
        fault={"stage": "dot", "accepted": True, "delay": _SILENCE_SECONDS},
        times=1,
    )
    before = len(await world.mail.accepted())
    moving = asyncio.create_task(
        world.move_clock(
            to, f"in the Americas; the mail server takes the mail to {victim} and falls silent"
        )
    )

    async def taken() -> bool:
        mails = (await world.mail.accepted())[before:]
        return any(mail["recipient"] == victim for mail in mails)

    await story.soon("the mail is taken, and its worker does not know it", taken, True)
    await world.stage.crash("sequencer-worker")
    story.tell("the worker is killed with -9 in the middle of it, and started again")
    await moving
    await world.mail.forget_rule(rule)
    unknown = await world.found("/v1/messages", state="unknown")
    story.equal(
        "that mail is shown as unknown and is not sent again",
        [message["recipient"] for message in unknown],
        [victim],
    )
    held = await world.open_tasks(cause="mail_held")
    story.equal("a task asks a person to look into the mailbox", len(held), 1)
    mail = next(m for m in await world.mail.accepted() if m["recipient"] == victim)
    story.equal(
        "the person finds it there, by its Message-ID",
        mail["message_id"],
        unknown[0]["internet_message_id"],
    )
    await world.api.post(f"/v1/messages/{unknown[0]['id']}/resolve", {"outcome": "sent"})
    await world.api.settle()
    story.equal("says so, and the task is gone", await world.open_tasks(cause="mail_held"), [])


async def _somebody_due(world: World, by: datetime) -> str:
    """The address of an ordinary customer whose first mail goes out until then."""
    rows = await world.database.rows(
        "select c.email from sequencer.enrollments e"
        " join sequencer.contacts c on c.workspace_id = $1 and c.id = e.contact_id"
        " where e.workspace_id = $1 and e.state = 'active' and e.next_due_at <= $2"
        " order by e.next_due_at, c.email",
        by,
    )
    ordinary = [row["email"] for row in rows if not row["email"].endswith(_SPECIAL)]
    world.story.true("somebody in the Americas is due", bool(ordinary), rows)
    return str(ordinary[0])


async def _look_at_one(world: World) -> None:
    mail = (await world.mail.accepted())[0]
    headers = dict(mail["headers"])
    told = [f"{name}: {headers[name]}" for name in ("From", "To", "Subject", "List-Unsubscribe")]
    world.story.show("\n".join([*told, "", mail["text"].strip()]))
    message = (await _messages_by_id(world))[mail["message_id"]]
    opportunity = await world.api.get(f"/v1/opportunities/{message['opportunity_id']}")
    contact = await world.api.get(f"/v1/contacts/{message['contact_id']}")
    wanted = (contact["first_name"], opportunity["deal_room_url"])
    world.story.true(
        "it is rendered: their name, their deal room, a one-click way out (RFC 8058)",
        all(word in mail["text"] for word in wanted)
        and headers.get("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click",
        {"wanted": wanted, "text": mail["text"], "headers": headers},
    )


async def _messages_by_id(world: World) -> dict[str, dict[str, Any]]:
    rows = await world.found("/v1/messages", state="sent")
    return {row["internet_message_id"]: row for row in rows}


async def _status_is_in_salesforce(world: World) -> None:
    """Of every renewal that was written to."""
    sent = {row["opportunity_id"] for row in await world.found("/v1/messages", state="sent")}
    expected = f"{STEP_TITLES[-90]} sent"
    records = [await world.api.get(f"/v1/opportunities/{each}") for each in sorted(sent)]
    world.story.equal(
        f"renewal_sequence_status of all {len(sent)} is “{expected}”",
        {record["renewal_sequence_status"] for record in records},
        {expected},
    )

    async def there() -> set[str | None]:
        rows = [await world.salesforce.read(record["external_id"]) for record in records]
        return {row["Renewal_Sequence_Status__c"] for row in rows}

    await world.story.soon("and Salesforce says the same", there, {expected})

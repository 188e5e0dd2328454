"""5. What comes back: a bounce finds a new contact, a reply stops, an absence changes nothing."""

import re
from datetime import datetime
from typing import Any

from deploy.demo.configuration import STEP_TITLES
from deploy.demo.inside import Json
from deploy.demo.ledger import check_ledger
from deploy.demo.outside import one_click
from deploy.demo.world import World
from tests.simulators.salesforce.landmarks import (
    HARD_BOUNCE_CONTACT,
    HARD_BOUNCE_EMAIL,
    LANDMARKS,
    OUT_OF_OFFICE_EMAIL,
    REPLY_EMAIL,
)

_BOUNCED = LANDMARKS["hard_bounce"]
_REPLIED = LANDMARKS["reply"]
_AWAY = LANDMARKS["out_of_office"]
_HEARD_SECONDS = 40


async def play(world: World) -> None:
    world.story.chapter(5, "What comes back is heard")
    await _bounce(world)
    await _somebody_else(world)
    await _reply(world)
    await _out_of_office(world)
    await _one_click(world)


async def enrollment_of(world: World, external_id: str | None) -> Json:
    """With its timeline; a renewal of the story has one."""
    renewal = await world.opportunity(str(external_id))
    (found,) = await world.found("/v1/enrollments", opportunity_id=renewal["id"])
    shown: Json = await world.api.get(f"/v1/enrollments/{found['id']}")
    return shown


async def _bounce(world: World) -> None:
    story = world.story
    sent = [m for m in await world.mail.accepted() if m["recipient"] == HARD_BOUNCE_EMAIL]
    story.equal(f"one mail went to {HARD_BOUNCE_EMAIL}", len(sent), 1)
    inbox = await world.mail.inbox(sent[0]["sender"])
    reports = [dict(mail["headers"]) for mail in inbox]
    report = next(r for r in reports if HARD_BOUNCE_EMAIL in r.get("X-Failed-Recipients", ""))
    story.show(
        "\n".join(f"{name}: {report[name]}" for name in ("From", "To", "Subject", "Content-Type"))
    )

    async def contact() -> str:
        return str((await world.contact(HARD_BOUNCE_CONTACT))["email_status"])

    await story.soon(
        "its delivery report came back by IMAP: the contact is marked",
        contact,
        "bounced",
        within=_HEARD_SECONDS,
    )
    await world.api.settle()
    enrollment = await enrollment_of(world, _BOUNCED.opportunity_id)
    story.equal(
        "the enrollment is paused",
        (enrollment["state"], enrollment["pause_reason"]),
        ("paused", "contact_bounced"),
    )
    stored = await world.database.rows(
        "select (select count(*) from sequencer.bounces where workspace_id = $1) as bounces,"
        " (select reason from sequencer.suppressions where workspace_id = $1 and address = $2)"
        " as suppressed",
        HARD_BOUNCE_EMAIL,
    )
    story.equal(
        "and the address is suppressed", stored, [{"bounces": 1, "suppressed": "hard_bounce"}]
    )


async def _somebody_else(world: World) -> None:
    story = world.story
    task = await _the_task(world)
    candidates = task["data"]["candidates"]
    story.show(
        "\n".join(
            [
                f"{task['title']}  (due {task['due_at']})",
                *(f"{n}. {c['name']} <{c['email']}>: {c['reason']}"
                  for n, c in enumerate(candidates, 1)),
            ]
        )
    )  # fmt: skip
    story.equal(
        "one task, with whom to write to instead, best first",
        [candidate["email"].partition("@")[0] for candidate in candidates],
        ["omar.farouk", "lena.hoffmann"],
    )
    chosen = candidates[0]
    enrollment = await enrollment_of(world, _BOUNCED.opportunity_id)
    path = f"/v1/enrollments/{enrollment['id']}/replace-contact"
    await world.keiko.post(path, {"contact_id": chosen["contact_id"]})
    await world.api.settle()
    enrollment = await enrollment_of(world, _BOUNCED.opportunity_id)
    story.equal("Keiko chooses the first; it goes on", enrollment["state"], "active")
    closed = await world.api.get(f"/v1/tasks/{task['id']}")
    story.equal("the task closed itself", closed["status"], "closed")
    if enrollment["next_due_at"]:
        at = max(world.now, datetime.fromisoformat(enrollment["next_due_at"]))
        await world.move_clock(at, f"the next business hour of {_BOUNCED.account_name}")
    again = [m for m in await world.mail.accepted() if m["recipient"] == chosen["email"]]
    steps = await world.found("/v1/messages", opportunity_id=enrollment["opportunity_id"])
    story.equal(
        f"the step that failed, “{STEP_TITLES[-90]}”, goes to {chosen['name']}",
        ([mail["message_id"] for mail in again], steps[0]["step_title"], steps[0]["state"]),
        ([steps[0]["internet_message_id"]], STEP_TITLES[-90], "sent"),
    )


async def _the_task(world: World) -> Json:
    tasks = await world.open_tasks(cause="contact_bounced")
    world.story.equal("exactly one task “find a new contact” is open", len(tasks), 1)
    return tasks[0]


async def _reply(world: World) -> None:
    story = world.story

    async def ended() -> tuple[str, str | None]:
        found = await enrollment_of(world, _REPLIED.opportunity_id)
        return str(found["state"]), found["exit_reason"]

    await story.soon(
        f"{REPLY_EMAIL} answered: the sequence of {_REPLIED.account_name} has stopped",
        ended,
        ("exited", "replied"),
        within=_HEARD_SECONDS,
    )
    await world.api.settle()
    account = await world.account(_REPLIED.account_id, include="key_roles")
    (csm,) = account["key_roles"]["csm"]
    told = await world.api.every("/v1/notifications", member_id=csm)
    story.show(f"{told[0]['title']}\n{told[0]['body']}" if told else "")
    story.equal("its CSM is told, once", [notice["kind"] for notice in told], ["contact.replied"])


async def _out_of_office(world: World) -> None:
    async def timeline() -> list[str]:
        found = await enrollment_of(world, _AWAY.opportunity_id)
        return [line["kind"] for line in found["timeline"]]

    await world.story.soon(
        f"{OUT_OF_OFFICE_EMAIL} is out of the office: noted",
        timeline,
        lambda kinds: "auto_reply" in kinds,
        within=_HEARD_SECONDS,
    )
    enrollment = await enrollment_of(world, _AWAY.opportunity_id)
    contact = await world.api.get(f"/v1/contacts/{enrollment['contact_id']}")
    world.story.equal(
        "and nothing changes: neither bounced nor replied",
        (enrollment["state"], contact["email_status"]),
        ("active", "ok"),
    )


async def _one_click(world: World) -> None:
    """The mail program of a reader presses its own button, without any credential."""
    story = world.story
    mail = await _of_somebody_ordinary(world)
    link = re.sub(r"[<>\s]", "", dict(mail["headers"])["List-Unsubscribe"])
    await one_click(link)

    async def state() -> tuple[str, str | None]:
        await world.api.settle()
        (message,) = await _messages_to(world, mail["message_id"])
        found = await world.api.get(f"/v1/enrollments/{message['enrollment_id']}")
        return str(found["state"]), found["exit_reason"]

    await story.soon(
        f"{mail['recipient']} unsubscribes by one click: the sequence ends",
        state,
        ("exited", "unsubscribed"),
    )
    await check_ledger(world)


async def _of_somebody_ordinary(world: World) -> Json:
    special = {HARD_BOUNCE_EMAIL, REPLY_EMAIL, OUT_OF_OFFICE_EMAIL}
    mails = await world.mail.accepted()
    return next(
        m for m in mails if m["recipient"] not in special and "landmark" not in m["recipient"]
    )


async def _messages_to(world: World, internet_message_id: str) -> list[dict[str, Any]]:
    rows = await world.found("/v1/messages", state="sent")
    return [row for row in rows if row["internet_message_id"] == internet_message_id]

"""The laws of sending, judged by what the mail server took and by nothing that we say of it."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from deploy.demo.configuration import WORKSPACE_ZONE
from deploy.demo.world import World

_MAILS = """
    select m.internet_message_id, m.state, m.step_id, m.enrollment_id, m.superseded_at,
           o.contract_expiration, coalesce(a.time_zone, $2) as zone
    from sequencer.messages m
    join accounts.opportunities o on o.workspace_id = $1 and o.id = m.opportunity_id
    join accounts.accounts a on a.workspace_id = $1 and a.id = o.account_id
    where m.workspace_id = $1 and m.internet_message_id is not null
"""


async def check_ledger(world: World) -> None:
    """Of all mails so far."""
    story = world.story
    mails = await world.mail.accepted()
    rows = await world.database.rows(_MAILS, WORKSPACE_ZONE)
    ledger = {row["internet_message_id"]: row for row in rows}
    twice = {name: times for name, times in (await world.mail.counts()).items() if times != 1}
    story.equal(f"{len(mails)} mails were handed over, none of them twice", twice, {})
    story.equal(
        "the ledger has exactly these as sent",
        sorted(row["internet_message_id"] for row in rows if row["state"] == "sent"),
        sorted(mail["message_id"] for mail in mails),
    )
    _one_of_each_step(world, mails, ledger)
    late = [mail["subject"] for mail in mails if not _in_time(mail, ledger[mail["message_id"]])]
    story.equal("none on or after the expiration in the customer's zone", late, [])


def _one_of_each_step(world: World, mails: list[dict[str, Any]], ledger: dict[str, Any]) -> None:
    """A step whose mail bounced reached nobody and may go to somebody else."""
    steps: dict[tuple[str, str], int] = {}
    for mail in mails:
        row = ledger[mail["message_id"]]
        if row["superseded_at"] is None:
            step = (str(row["enrollment_id"]), str(row["step_id"]))
            steps[step] = steps.get(step, 0) + 1
    repeated = {step: times for step, times in steps.items() if times > 1}
    world.story.equal("and no step twice to one enrollment", repeated, {})


def _in_time(mail: dict[str, Any], row: dict[str, Any]) -> bool:
    at = datetime.fromisoformat(mail["world_time"]).astimezone(ZoneInfo(row["zone"]))
    return row["contract_expiration"] is None or at.date() < row["contract_expiration"]

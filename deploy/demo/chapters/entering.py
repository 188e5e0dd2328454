"""3. Who enters the segment is enrolled; what stands in the way is one open task for each cause."""

import asyncio
from typing import Any

from deploy.demo.configuration import (
    DUE,
    MAIL_PASSWORD,
    SCALED,
    SENDERS,
    renewal_sequence,
)
from deploy.demo.inside import Api
from deploy.demo.world import World
from tests.simulators.salesforce.landmarks import LANDMARKS, LATE, NO_EXPIRATION
from tests.simulators.salesforce.people import PEOPLE

KEIKO = PEOPLE[10]
"""The renewal manager."""
_NO_DEAL_ROOM = LANDMARKS["no_deal_room_1"]
_NO_ADMIN = LANDMARKS["no_product_admin_1"]
_NO_DATE = LANDMARKS["no_expiration_1"]

Causes = dict[str, list[str]]


async def play(world: World) -> None:
    world.story.chapter(3, "Renewals enter the sequence, or a task says why not")
    await _people_prepare(world)
    await _enable(world)
    await _everyone_entered_or_has_a_task(world)
    await _causes_clear(world)


async def _people_prepare(world: World) -> None:
    api = world.api
    members = {row["external_id"]: row for row in await api.every("/v1/members")}
    keiko = members[KEIKO.user_id]["id"]
    await api.patch(f"/v1/members/{keiko}", {"role": "team_member"})
    key = await api.post("/v1/api-keys", {"name": "Keiko", "member_id": keiko}, expect=201)
    world.keiko = Api(api.url, key["secret"])
    world.ids["keiko"] = keiko
    rows = [
        {"id": account, "key_roles": {"renewal_manager": [keiko]}}
        for account in sorted(await world.members_of(SCALED))
    ]
    written = await api.post("/v1/accounts/bulk", {"rows": rows})
    world.story.equal(
        f"{KEIKO.name} is Renewal Manager of all {len(rows)} scaled accounts",
        written["updated"],
        len(rows),
    )
    for person in SENDERS:
        await _connect_mailbox(world, person.name, person.email, members[person.user_id]["id"])
    world.story.tell(
        f"{len(SENDERS)} CSMs have their mailboxes connected: SMTP to send, IMAP to hear"
    )


async def _connect_mailbox(world: World, name: str, email: str, member_id: str) -> None:
    await world.mail.open_mailbox(email, MAIL_PASSWORD)
    host, port = world.smtp
    smtp = {
        "host": host,
        "port": port,
        "tls": "opportunistic",
        "username": email,
        "password": MAIL_PASSWORD,
    }
    mailbox = {"member_id": member_id, "email": email, "display_name": name, "smtp": smtp}
    await world.api.post("/v1/mailboxes", mailbox, expect=201)
    host, port = world.imap
    inbox = {
        "system": "imap",
        "title": f"{name}'s inbox",
        "host": host,
        "port": port,
        "security": "none",
        "username": email,
        "password": MAIL_PASSWORD,
        "mailbox": email,
        "every_seconds": 5,
    }
    await world.api.post("/v1/connections", inbox, expect=201)


async def _enable(world: World) -> None:
    draft = renewal_sequence(world.ids[DUE], world.ids[SCALED])
    made = await world.api.post("/v1/sequences", draft, expect=201)
    world.ids["sequence"] = made["id"]
    for verb in ("publish", "enable"):
        await world.api.post(f"/v1/sequences/{made['id']}/{verb}")
    seconds = await world.api.settle()
    world.story.tell(
        f"“{made['title']}” with {len(made['steps'])} mails is enabled; settled in {seconds:.1f} s"
    )


async def _everyone_entered_or_has_a_task(world: World) -> None:
    story = world.story
    due = await world.members_of(DUE)
    blocked = {
        "no_deal_room": await _ids(world, str(_NO_DEAL_ROOM.opportunity_id)),
        "no_product_admin": await _ids(world, str(_NO_ADMIN.opportunity_id)),
        "expiration_missing": await _ids(world, *NO_EXPIRATION),
        "manual_entry_required": await _ids(world, *LATE),
    }
    found = await causes(world)
    for cause, records in blocked.items():
        count = len(records)
        noun = "renewal has" if count == 1 else "renewals have each"
        story.equal(
            f"{count} {noun} exactly one open task: {cause.replace('_', ' ')}",
            found.pop(cause, None),
            sorted(records),
        )
    story.equal("and there is no other task", found, {})
    stored = await world.database.rows(
        "select cause, count(*) as tasks, count(distinct subject_id) as records from tasks.tasks"
        " where workspace_id = $1 and status = 'open' group by cause order by cause"
    )
    story.equal(
        "the database has the same",
        {row["cause"]: (row["tasks"], row["records"]) for row in stored},
        {cause: (len(records),) * 2 for cause, records in sorted(blocked.items())},
    )
    tasks = await world.open_tasks(cause="no_deal_room")
    assignees = {task["assignee_id"] for task in await world.open_tasks()}
    story.equal(f"all are {KEIKO.name}'s", assignees, {world.ids["keiko"]})
    story.show(f"{tasks[0]['title']}\n{tasks[0]['body']}\ndue {tasks[0]['due_at']}")
    enrolled = await enrolled_records(world)
    everyone_else = due - {record for records in blocked.values() for record in records}
    story.equal(f"the other {len(everyone_else)} are enrolled", enrolled, everyone_else)
    story.equal("nobody was written to: it is Sunday", await world.mail.accepted(), [])


async def causes(world: World) -> Causes:
    """Open tasks: the records of each cause, one entry for each task."""
    found: Causes = {}
    for task in await world.open_tasks():
        found.setdefault(str(task["cause"]), []).append(str(task["subject_id"]))
    return {cause: sorted(records) for cause, records in found.items()}


async def enrolled_records(world: World) -> set[str]:
    rows = await world.found("/v1/enrollments", state="active")
    return {row["opportunity_id"] for row in rows}


async def _ids(world: World, *external_ids: str) -> list[str]:
    found = await asyncio.gather(*(world.opportunity(each) for each in external_ids))
    return [record["id"] for record in found]


async def _causes_clear(world: World) -> None:
    """All is mended in Salesforce, and nobody touches the tasks."""
    story = world.story
    admin = next(id_ for mail, id_ in _NO_ADMIN.contact_ids.items() if "marta" in mail)
    story.tell(
        f"in Salesforce a person fills the deal room of {_NO_DEAL_ROOM.account_name},",
        f"marks Marta Klein of {_NO_ADMIN.account_name} as product admin,",
        f"and dates the renewal of {_NO_DATE.account_name} half a year ahead",
    )
    await asyncio.gather(
        world.salesforce.edit(
            str(_NO_DEAL_ROOM.opportunity_id),
            Deal_Room_URL__c="https://deals.northwind-cs.example/lanternlearning",
        ),
        world.salesforce.edit(admin, Product_Admin__c=True),
        world.salesforce.edit(str(_NO_DATE.opportunity_id), Contract_Expiration__c="2026-09-01"),
    )
    for mark, cause, enters in (
        (_NO_DEAL_ROOM, "no_deal_room", True),
        (_NO_ADMIN, "no_product_admin", True),
        (_NO_DATE, "expiration_missing", False),
    ):
        record = (await _ids(world, str(mark.opportunity_id)))[0]

        async def state(record: str = record) -> dict[str, Any]:
            tasks = await world.found("/v1/tasks", subject_id=record)
            enrolled = record in await enrolled_records(world)
            return {"tasks": [(t["cause"], t["status"]) for t in tasks], "enrolled": enrolled}

        await story.soon(
            f"{mark.account_name}: the task closed itself"
            + (", the renewal is enrolled" if enters else ", the renewal is not due yet"),
            state,
            {"tasks": [(cause, "closed")], "enrolled": enters},
        )

"""Whoever looks after an account now sends what is not sent yet."""

from uuid import UUID

from shared.auth import Subject
from shared.events.accounts import MemberChanged
from shared.ids import new_id
from tests.sequencer.renewals import CSM_MAILBOX, PASSWORD, Renewals

NEW_MAILBOX = "noor@northwind.example"


async def test_mails_go_on_from_the_new_holders_mailbox(renewals: Renewals) -> None:
    await renewals.furnish()
    sequence = await renewals.sequence(90, 60)
    await renewals.opportunity()
    assert [mail.header("From") for mail in renewals.sent()] == [f"Dana Reyes <{CSM_MAILBOX}>"]
    noor = new_id()
    member = MemberChanged(
        id=noor, version=1, full_name="Noor", email=NEW_MAILBOX, role="team_member", active=True
    )
    await renewals.told(member)
    path = f"/internal/members/{renewals.csm}/load?successor={noor}"
    ws, asker = renewals.ws, renewals.tenure.workers["accounts"]
    subject = Subject("member", UUID(ws.details["admin_id"]))

    async def load() -> object:
        answer = await asker.ask("sequencer", "GET", path, workspace_id=ws.id, subject=subject)
        return answer.json()

    assert await load() == {"by_key_role": {"csm": 1}, "own_mailbox": 0, "with_mailbox": []}
    renewals.mail.add_mailbox(NEW_MAILBOX, PASSWORD)
    smtp = {
        "host": "127.0.0.1",
        "port": renewals.mail.smtp_port,
        "tls": "opportunistic",
        "username": NEW_MAILBOX,
        "password": PASSWORD,
    }
    fields = {"member_id": str(noor), "email": NEW_MAILBOX, "display_name": "Noor", "smtp": smtp}
    box = await renewals.mailbox(**fields)
    await renewals.told(renewals.account_event(key_roles={"csm": [noor]}))
    assert await load() == {"by_key_role": {}, "own_mailbox": 0, "with_mailbox": [str(noor)]}
    await renewals.on(30)
    assert renewals.sent()[-1].header("From") == f"Noor <{NEW_MAILBOX}>"

    shared = {"sender": {"mailbox_id": box["id"]}}
    changed = await renewals.ws.admin.patch(f"/v1/sequences/{sequence['id']}", shared)
    assert changed.status_code == 200, changed.text
    asked = f"/internal/usages?target=member&key={noor}"
    answer = await asker.ask("sequencer", "GET", asked, workspace_id=ws.id, subject=subject)
    users = answer.json()["usages"]
    assert {user["id"] for user in users} == {sequence["id"], box["id"]}


async def open_tasks(renewals: Renewals) -> list[str]:
    found = await renewals.ws.admin.get("/v1/tasks", params={"filter": 'status = "open"'})
    return [task["title"] for task in found.json()["data"]]


async def test_a_mail_in_the_name_of_someone_who_left_waits_for_another_holder(
    renewals: Renewals,
) -> None:
    await renewals.furnish()
    await renewals.sequence(90, 60)
    await renewals.told(renewals.member_event(active=False))
    await renewals.opportunity()
    assert renewals.sent() == []
    [held] = await renewals.events("message_held")
    assert held["reason"] == "sender_inactive"
    assert "Dana Reyes" in held["detail"]
    await renewals.told(renewals.account_event(name="Acme Ltd"))
    assert len(await renewals.events("message_held")) == 1, "told once"
    assert len(await open_tasks(renewals)) == 1
    noor = await renewals.colleague("Noor", NEW_MAILBOX)
    await renewals.told(renewals.account_event(key_roles={"csm": [renewals.csm, noor]}))
    [mail] = renewals.sent()
    assert mail.header("From") == f"Noor <{NEW_MAILBOX}>", "the first who is still here"
    assert await open_tasks(renewals) == []


async def test_a_mailbox_of_someone_who_left_sends_nothing_though_it_is_named(
    renewals: Renewals,
) -> None:
    await renewals.furnish()
    [box] = (await renewals.ws.admin.get("/v1/mailboxes")).json()["data"]
    path = f"/v1/mailboxes/{box['id']}"

    async def give(member_id: str | None) -> None:
        given = {"member_id": member_id}
        answer = await renewals.ws.admin.patch(path, given, if_match="*")
        assert answer.status_code == 200, answer.text
        await renewals.tenure.settle()

    await renewals.sequence(90, 60, sender={"mailbox_id": box["id"]})
    await renewals.told(renewals.member_event(active=False))
    await renewals.opportunity()
    [held] = await renewals.events("message_held")
    assert (held["reason"], renewals.sent()) == ("sender_inactive", [])
    await give(None)
    assert len(renewals.sent()) == 1, "it is shared now"
    await give(str(renewals.csm))
    await renewals.on(30)
    assert len(renewals.sent()) == 1
    await renewals.told(renewals.member_event(active=True))
    assert len(renewals.sent()) == 2
    assert await open_tasks(renewals) == []

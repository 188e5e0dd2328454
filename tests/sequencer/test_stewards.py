"""Whoever looks after an account now sends what is not sent yet."""

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
    asker = renewals.tenure.workers["accounts"]

    async def load() -> object:
        answer = await asker.ask("sequencer", "GET", path, workspace_id=renewals.ws.id)
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
    asked = f"/internal/where-used?what=member&key={noor}"
    answer = await asker.ask("sequencer", "GET", asked, workspace_id=renewals.ws.id)
    users = answer.json()["users"]
    assert {user["id"] for user in users} == {sequence["id"], box["id"]}

from shared.events.base import Event
from shared.events.sequences import ContactBounced, ContactUnsubscribed
from shared.ids import new_id
from tests.accounts_api.records.making import make
from tests.harness import Tenure, Workspace


async def tell(tenure: Tenure, ws: Workspace, event: Event) -> None:
    async with tenure.workers["sequencer"].units.begin(ws.id, ()) as uow:
        uow.publish(event)
    await tenure.settle()


async def status_of(ws: Workspace, contact_id: str) -> str:
    return str((await ws.admin.get(f"/v1/contacts/{contact_id}")).json()["email_status"])


def bounce(contact_id: str, email: str) -> ContactBounced:
    return ContactBounced.model_validate(
        {
            "contact_id": contact_id,
            "email": email,
            "message_id": new_id(),
            "diagnostic": "550 5.1.1",
        }
    )


async def test_a_bounce_marks_every_contact_with_the_address(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    one = await make(ws, "contacts", {"email": "Info@Acme.example"})
    two = await make(ws, "contacts", {"email": "info@acme.example"})
    other = await make(ws, "contacts", {"email": "other@acme.example"})
    await tell(tenure, ws, bounce(one["id"], "info@acme.example"))
    assert await status_of(ws, one["id"]) == await status_of(ws, two["id"]) == "bounced"
    assert await status_of(ws, other["id"]) == "ok"


async def test_a_new_address_starts_without_the_old_ones_bounce(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    contact = await make(ws, "contacts", {"email": "old@acme.example"})
    await tell(tenure, ws, bounce(contact["id"], "old@acme.example"))
    moved = await ws.admin.patch(f"/v1/contacts/{contact['id']}", {"email": "new@acme.example"})
    assert moved.json()["email_status"] == "ok"
    await tell(tenure, ws, bounce(contact["id"], "old@acme.example"))
    assert await status_of(ws, contact["id"]) == "ok"


async def test_who_unsubscribed_stays_unsubscribed_when_mail_bounces(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    contact = await make(ws, "contacts", {"email": "a@acme.example"})
    await tell(tenure, ws, ContactUnsubscribed(contact_id=None, email="A@acme.example"))
    await tell(tenure, ws, bounce(contact["id"], "a@acme.example"))
    assert await status_of(ws, contact["id"]) == "unsubscribed"

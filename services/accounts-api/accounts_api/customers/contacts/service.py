from accounts_api.customers.contacts import queries
from accounts_api.customers.contacts.rules import worse
from accounts_api.records.editing.edits import OURSELVES, Edit
from accounts_api.records.requests.service import Records
from accounts_api.records.schema.record_schemas import CONTACT
from accounts_api.records.store.service import write
from shared.events.records import EmailStatus
from shared.feed import dead_events
from shared.mail.addresses import email_key
from shared.uow import UnitOfWork

contacts = Records(CONTACT)


async def mark_address(uow: UnitOfWork, email: str, status: EmailStatus) -> None:
    """What we learned about an address holds for every contact who has it.

    A worse status stays: who unsubscribed is not merely bounced.
    """
    holders = await queries.holders_of(uow, email_key(email) or "")
    edits = [
        Edit(mode="update", id=holder.id, values={"email_status": status})
        for holder in holders
        if worse(status, holder.email_status)
    ]

    async def mark(edit: Edit) -> None:
        await write(uow, CONTACT, [edit], OURSELVES)

    await dead_events.apply_to_each(uow, edits, mark)

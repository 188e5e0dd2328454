"""A workspace with renewals in it, told to the sequencer as the accounts service would tell it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.events.accounts import (
    AccountChanged,
    ContactChanged,
    MemberChanged,
    OpportunityChanged,
    SegmentChanged,
    SegmentEntered,
    SegmentLeft,
)
from shared.events.base import Cause, Event
from shared.events.records import (
    AccountRecord,
    ChangeKind,
    ContactAccount,
    ContactRecord,
    OpportunityRecord,
)
from shared.ids import new_id
from tests.harness import Tenure, Workspace
from tests.sequencer.answers import CSM_MAILBOX, TODAY, bounce_of, mail_from, reply_to
from tests.simulators.mail import Accepted, MailSimulator

__all__ = ["CSM_MAILBOX", "TODAY"]

Json = dict[str, Any]
PASSWORD = "a password of the sandbox"

TEXT = "Hi {{ contact.first_name }},\n{{ opportunity.deal_room_url }}\n{{ unsubscribe_url }}\n"


def step(days_before: int, **more: Any) -> Json:
    return {
        "title": f"{days_before} days before",
        "offset_days": -days_before,
        "subject": f"{{{{ account.name }}}}: {days_before} days",
        "text": TEXT,
        **more,
    }


@dataclass
class Renewals:
    tenure: Tenure
    ws: Workspace
    mail: MailSimulator
    audience: UUID = field(default_factory=new_id)
    csm: UUID = field(default_factory=new_id)
    account_id: UUID = field(default_factory=new_id)
    _versions: dict[UUID, int] = field(default_factory=dict)
    _records: dict[UUID, Any] = field(default_factory=dict)

    async def told(self, *events: Event, by: str = "accounts", cause: Sequence[Cause] = ()) -> None:
        """Published by another service, and heard."""
        service = self.tenure.workers[by]  # type: ignore[index]
        async with service.units.begin(self.ws.id, cause) as uow:
            uow.publish(*events)
        await self.tenure.settle()

    def _version(self, record_id: UUID) -> int:
        self._versions[record_id] = self._versions.get(record_id, 0) + 1
        return self._versions[record_id]

    def account_event(self, account_id: UUID | None = None, **fields: Any) -> AccountChanged:
        record_id = account_id or self.account_id
        known = self._records.get(record_id)
        values: Json = (
            known.model_dump()
            if known
            else {
                "external_id": None,
                "organization_id": None,
                "name": "Acme",
                "domain": "acme.example",
                "arr": 1_200_000,
                "currency": "USD",
                "time_zone": None,
                "country": None,
                "lifecycle_status": "subscribed",
                "traits": {},
                "key_roles": {"csm": [self.csm]},
            }
        )
        record = AccountRecord.model_validate({**values, "id": record_id, **fields})
        self._records[record_id] = record
        return AccountChanged(
            id=record_id,
            version=self._version(record_id),
            change="updated" if known else "created",
            changed=list(fields),
            record=record,
        )

    def contact_event(
        self,
        contact_id: UUID,
        *,
        change: ChangeKind | None = None,
        accounts: Sequence[tuple[UUID, list[str]]] | None = None,
        **fields: Any,
    ) -> ContactChanged:
        known = self._records.get(contact_id)
        if accounts is None:
            links = known.accounts if known else [self._link(self.account_id, [])]
        else:
            links = [self._link(account, roles) for account, roles in accounts]
        values: Json = (
            known.model_dump()
            if known
            else {
                "external_id": None,
                "name": "Ann Lee",
                "first_name": "Ann",
                "last_name": "Lee",
                "email": "ann@acme.example",
                "phone": None,
                "title": None,
                "time_zone": None,
                "email_status": "ok",
                "deactivated_at": None,
                "traits": {"product_admin": True},
            }
        )
        values = {**values, "id": contact_id, **fields, "accounts": links}
        record = ContactRecord.model_validate(values)
        self._records[contact_id] = record
        return ContactChanged(
            id=contact_id,
            version=self._version(contact_id),
            change=change or ("updated" if known else "created"),
            changed=list(fields),
            record=record,
        )

    @staticmethod
    def _link(account_id: UUID, roles: list[str]) -> ContactAccount:
        return ContactAccount(account_id=account_id, plan_roles=roles)

    def opportunity_event(
        self, opportunity_id: UUID, *, change: ChangeKind | None = None, **fields: Any
    ) -> OpportunityChanged:
        known = self._records.get(opportunity_id)
        values: Json = (
            known.model_dump()
            if known
            else {
                "external_id": None,
                "account_id": self.account_id,
                "name": "Acme renewal",
                "type": "renewal",
                "stage": "Open",
                "is_closed": False,
                "is_won": False,
                "close_date": None,
                "contract_start": "2025-06-01",
                "contract_expiration": day(90),
                "arr": 1_200_000,
                "currency": "USD",
                "deal_room_url": "https://rooms.example/acme",
                "manually_enter_renewal_sequence": False,
                "renewal_sequence_status": None,
                "renewal_sequence_status_at": None,
                "traits": {},
            }
        )
        record = OpportunityRecord.model_validate({**values, "id": opportunity_id, **fields})
        self._records[opportunity_id] = record
        return OpportunityChanged(
            id=opportunity_id,
            version=self._version(opportunity_id),
            change=change or ("updated" if known else "created"),
            changed=list(fields),
            record=record,
        )

    def entered(self, opportunity_id: UUID) -> SegmentEntered:
        return SegmentEntered(
            segment_id=self.audience,
            segment_title="Due within 90 days",
            record_type="opportunity",
            record_id=opportunity_id,
            effective_at=TODAY,
            reason="rule",
        )

    def left(self, opportunity_id: UUID) -> SegmentLeft:
        return SegmentLeft(
            segment_id=self.audience,
            segment_title="Due within 90 days",
            record_type="opportunity",
            record_id=opportunity_id,
            effective_at=TODAY,
            reason="rule",
        )

    def member_event(self, *, active: bool = True) -> MemberChanged:
        return MemberChanged(
            id=self.csm,
            version=self._version(self.csm),
            full_name="Dana Reyes",
            email=CSM_MAILBOX,
            role="team_member",
            active=active,
        )

    async def furnish(self) -> UUID:
        """A CSM with a mailbox, and an account with one contact to write to, whose id it is."""
        contact_id = new_id()
        segment = SegmentChanged(
            id=self.audience,
            title="Due within 90 days",
            record_type="opportunity",
            version=1,
            archived=False,
        )
        await self.told(
            segment, self.member_event(), self.account_event(), self.contact_event(contact_id)
        )
        self.mail.add_mailbox(CSM_MAILBOX, PASSWORD)
        await self.mailbox()
        return contact_id

    async def colleague(self, full_name: str, address: str) -> UUID:
        """Another member, with a mailbox."""
        member_id = new_id()
        await self.told(
            MemberChanged(
                id=member_id,
                version=1,
                full_name=full_name,
                email=address,
                role="team_member",
                active=True,
            )
        )
        self.mail.add_mailbox(address, PASSWORD)
        smtp = {
            "host": "127.0.0.1",
            "port": self.mail.smtp_port,
            "tls": "opportunistic",
            "username": address,
            "password": PASSWORD,
        }
        own = {"member_id": str(member_id), "email": address, "display_name": full_name}
        await self.mailbox(**own, smtp=smtp)
        return member_id

    async def mailbox(self, **fields: Any) -> Json:
        body = {
            "member_id": str(self.csm),
            "email": CSM_MAILBOX,
            "display_name": "Dana Reyes",
            "smtp": {
                "host": "127.0.0.1",
                "port": self.mail.smtp_port,
                "tls": "opportunistic",
                "username": CSM_MAILBOX,
                "password": PASSWORD,
            },
            **fields,
        }
        return made(await self.ws.admin.post("/v1/mailboxes", body))

    async def sequence(self, *days_before: int, enabled: bool = True, **fields: Any) -> Json:
        body = {
            "title": f"Renewals {new_id().hex[-6:]}",
            "audience_segment_id": str(self.audience),
            "steps": [step(days) for days in days_before or (90, 60, 30)],
            **fields,
        }
        sequence = made(await self.ws.admin.post("/v1/sequences", body))
        if enabled:
            await self.enable(sequence["id"])
        return sequence

    async def enable(self, sequence_id: str) -> None:
        for command in ("publish", "enable"):
            answer = await self.ws.admin.post(f"/v1/sequences/{sequence_id}/{command}")
            assert answer.status_code == 200, answer.text
        await self.tenure.settle()

    async def opportunity(self, **fields: Any) -> UUID:
        """In the audience."""
        opportunity_id = new_id()
        await self.told(
            self.opportunity_event(opportunity_id, **fields), self.entered(opportunity_id)
        )
        return opportunity_id

    async def customers(self, number: int, **fields: Any) -> list[UUID]:
        """So many renewals in the audience, each of its own account with its own contact."""
        ids = [new_id() for _ in range(number)]
        await self.arrive(ids, **fields)
        return ids

    async def arrive(self, ids: Sequence[UUID], **fields: Any) -> None:
        """Customers in one batch of the feed, of the reevaluation queue and of the due mails. The
        address of each says which renewal it is of.
        """
        events: list[Event] = []
        for opportunity_id in ids:
            account_id, email = new_id(), address_of(opportunity_id)
            events += [
                self.account_event(account_id),
                self.contact_event(new_id(), accounts=[(account_id, [])], email=email),
                self.opportunity_event(opportunity_id, **{"account_id": account_id, **fields}),
                self.entered(opportunity_id),
            ]
        await self.told(*events)

    def reached(self, ids: Sequence[UUID]) -> list[UUID]:
        """Those of `ids` whose contact got a mail."""
        return [one for one in ids if self.sent(address_of(one))]

    async def change(self, opportunity_id: UUID, **fields: Any) -> None:
        await self.told(self.opportunity_event(opportunity_id, **fields))

    async def on(self, days_later: float) -> None:
        """Move the clock to so many days after the story began."""
        await self.tenure.set_clock(self.ws, TODAY + timedelta(days=days_later))

    async def enrollments(self, **filters: Any) -> list[Json]:
        return await self._list("enrollments", filters)

    async def enrollment(self, opportunity_id: UUID) -> Json:
        """The latest of the opportunity, with its timeline."""
        found = await self.enrollments(opportunity_id=opportunity_id)
        answer = await self.ws.admin.get(f"/v1/enrollments/{found[0]['id']}")
        return made(answer)

    async def messages(self, **filters: Any) -> list[Json]:
        """Oldest first."""
        return (await self._list("messages", filters))[::-1]

    async def _list(self, plural: str, filters: Json) -> list[Json]:
        rule = " and ".join(f'{key} = "{value}"' for key, value in filters.items())
        query = {"limit": 200, **({"filter": rule} if rule else {})}
        answer = await self.ws.admin.get(f"/v1/{plural}", params=query)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"])

    def sent(self, recipient: str | None = None) -> list[Accepted]:
        """What the mail server took responsibility for."""
        return list(self.mail.accepted.find(recipient=recipient))

    async def events(self, name: str) -> list[Json]:
        """Payloads that the sequencer published in this workspace, oldest first."""
        async with self.tenure.workers["sequencer"].units.begin(
            self.ws.id, (), read_only=True
        ) as uow:
            published = text(
                "select payload from events where workspace_id = :workspace_id"
                " and name = :name order by xid, seq"
            )
            return await uow.values(dict, published, name=f"sequences.{name}.v1")

    async def blocked(self) -> set[tuple[str, str]]:
        """Cause and opportunity, of what stands in the way now, by the events alone."""
        standing: set[tuple[str, str]] = set()
        for one in await self.events("enrollment_blocked"):
            key = (one["cause"], one["opportunity_id"])
            standing.add(key)
        for one in await self.events("enrollment_unblocked"):
            standing.discard((one["cause"], one["opportunity_id"]))
        return standing

    async def bounced(self, mail: Accepted | None, kind: str = "hard", **fields: Any) -> None:
        await self.told(bounce_of(mail, kind, **fields), by="sync")

    async def replied(self, mail: Accepted, *, automatic: bool = False, **fields: Any) -> None:
        await self.told(reply_to(mail, automatic=automatic, **fields), by="sync")

    async def wrote(self, sender: str, **fields: Any) -> None:
        """A mail without a thread."""
        await self.told(mail_from(sender, **fields), by="sync")


def address_of(opportunity_id: UUID) -> str:
    return f"{opportunity_id.hex}@acme.example"


def made(answer: Any) -> Json:
    assert answer.status_code in {200, 201}, answer.text
    return dict(answer.json())


def day(later: int) -> str:
    return (TODAY + timedelta(days=later)).date().isoformat()


def causes(blocked: set[tuple[str, str]], opportunity_id: Any) -> set[str]:
    return {cause for cause, record in blocked if record == str(opportunity_id)}


async def due_work(renewals: Renewals) -> Json:
    """What is not zero."""
    admin = renewals.ws.admin
    status = made(await admin.http.get(f"{admin._urls['sequencer']}/v1/status"))
    found: Json = {**status["due_work"], **status["held"]}
    return {kind: count for kind, count in found.items() if count}

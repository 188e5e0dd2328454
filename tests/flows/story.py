"""The renewal story, small: a Salesforce org of a few dozen customers and the world of mail."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from deploy.demo.configuration import (
    DUE,
    LIFECYCLE_RULES,
    MAIL_PASSWORD,
    SCALED,
    SCALED_RULE,
    SENDERS,
    due_rule,
    renewal_sequence,
)
from tests.harness import Client, Tenure, Workspace
from tests.simulators.mail import MailSimulator
from tests.simulators.salesforce.server import SalesforceSimulator

Json = dict[str, Any]
BEGIN = datetime(2026, 2, 28, 9, 0, tzinfo=UTC)
"""A Saturday."""
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOURS = (1, 10, 18)
"""Of a day in UTC: every customer has business hours at one of them."""
_ONLY_WHEN_ASKED = 86_400


@dataclass
class Story:
    tenure: Tenure
    ws: Workspace
    sf: SalesforceSimulator
    mail: MailSimulator
    ids: dict[str, str] = field(default_factory=dict)
    connections: list[str] = field(default_factory=list)

    @property
    def admin(self) -> Client:
        return self.ws.admin

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.admin.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None) -> Any:
        answer = await self.admin.post(path, body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def every(self, path: str, **query: Any) -> list[Json]:
        rows: list[Json] = []
        cursor: Json = {}
        while True:
            page = await self.get(path, limit=200, **query, **cursor)
            rows += page["data"]
            if not page["has_more"]:
                return rows
            cursor = {"cursor": page["next_cursor"]}

    # The world

    async def pull(self) -> None:
        """Everything outside is asked at once instead of by its schedule."""
        for connection in self.connections:
            await self.post(f"/v1/connections/{connection}/sync")
        await self.tenure.settle()

    async def edit(self, record_id: str | None, **values: Any) -> None:
        """A person in Salesforce edits a record, and the edit is pulled."""
        self.sf.people.update(str(record_id), values)
        await self.pull()

    async def at(self, instant: datetime) -> None:
        self.sf.clock.set(instant)
        self.mail.clock.set(instant)
        await self.tenure.set_clock(self.ws, instant)

    async def monday(self) -> None:
        """All business hours of the first Monday, one region after the other."""
        for hour in HOURS:
            await self.at(MONDAY.replace(hour=hour))

    # What an admin sets up

    async def furnish(self) -> None:
        """All but the sequence."""
        await self._connect(
            {
                "system": "salesforce",
                "first_pull": "run",
                "title": "Salesforce",
                "login_url": self.sf.url,
                "client_id": self.sf.app.client_id,
                "client_secret": self.sf.app.client_secret,
                "lag_seconds": 0,
            }
        )
        await self.pull()
        for rule in LIFECYCLE_RULES:
            await self.post("/v1/lifecycle-rules", rule)
        await self._segment(SCALED, "account", SCALED_RULE)
        await self._segment(DUE, "opportunity", due_rule(self.ids[SCALED]))
        members = {row["external_id"]: row["id"] for row in await self.every("/v1/members")}
        for person in SENDERS:
            await self._mailbox(person.name, person.email, members[person.user_id])
        await self.tenure.settle()

    async def enable(self) -> None:
        """The sequence, for everyone in the audience."""
        draft = renewal_sequence(self.ids[DUE], self.ids[SCALED])
        made = await self.post("/v1/sequences", draft)
        for verb in ("publish", "enable"):
            await self.post(f"/v1/sequences/{made['id']}/{verb}")
        await self.tenure.settle()

    async def _connect(self, connection: Json) -> None:
        made = await self.post("/v1/connections", {**connection, "every_seconds": _ONLY_WHEN_ASKED})
        self.connections.append(made["id"])

    async def _segment(self, title: str, record_type: str, rule: str) -> None:
        segment = {"title": title, "record_type": record_type, "rule": rule}
        self.ids[title] = (await self.post("/v1/segments", segment))["id"]

    async def _mailbox(self, name: str, email: str, member_id: str) -> None:
        self.mail.add_mailbox(email, MAIL_PASSWORD)
        login = {"username": email, "password": MAIL_PASSWORD}
        smtp = {"host": "127.0.0.1", "port": self.mail.smtp_port, "tls": "opportunistic", **login}
        mailbox = {"member_id": member_id, "email": email, "display_name": name, "smtp": smtp}
        await self.post("/v1/mailboxes", mailbox)
        await self._connect(
            {
                "system": "imap",
                "title": f"{name}'s inbox",
                "host": "127.0.0.1",
                "port": self.mail.imap_port,
                "security": "none",
                **login,
                "mailbox": email,
            }
        )

    async def end(self) -> None:
        """Nobody comes back to this workspace: its connections must not be asked for ever."""
        for connection in self.connections:
            await self.admin.post(f"/v1/connections/{connection}/pause")

    # What one looks at

    async def opportunity(self, external_id: str | None) -> Json:
        found: Json = await self.get(f"/v1/opportunities/by-external-id/{external_id}")
        return found

    async def enrollment(self, external_id: str | None) -> Json:
        """The latest of a renewal, with its timeline."""
        renewal = await self.opportunity(external_id)
        rows = await self.every("/v1/enrollments", filter=f'opportunity_id = "{renewal["id"]}"')
        found: Json = await self.get(f"/v1/enrollments/{rows[0]['id']}")
        return found

    async def causes(self, external_id: str | None = None) -> Counter[str]:
        """Open tasks by cause, of one renewal or of all."""
        rule = 'status = "open"'
        if external_id:
            rule += f' and subject_id = "{(await self.opportunity(external_id))["id"]}"'
        tasks = await self.every("/v1/tasks", filter=rule)
        return Counter(str(task["cause"]) for task in tasks)

    def sent_to(self, email: str) -> list[str]:
        """Subjects of the mails that the server took for this address."""
        return [mail.subject for mail in self.mail.accepted.find(recipient=email)]

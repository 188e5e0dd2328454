"""The world around Tenure as people act in it: Salesforce's screens, mail, a partner's server."""

from datetime import datetime
from typing import Any

import httpx2

from deploy.demo.narrator import ClaimFailed

Json = dict[str, Any]


class ExternalSystem:
    """One HTTP API of a simulator. What it refuses ends the story."""

    def __init__(self, url: str) -> None:
        self._http = httpx2.AsyncClient(base_url=url, timeout=30.0, trust_env=False)

    async def ask(self, method: str, path: str, json: Any = None, **query: Any) -> Any:
        answer = await self._http.request(method, path, json=json, params=query or None)
        if answer.status_code >= 400:  # noqa: PLR2004
            raise ClaimFailed(f"{method} {path} answered {answer.status_code}: {answer.text}")
        return answer.json() if answer.content else None

    async def close(self) -> None:
        await self._http.aclose()


class Salesforce(ExternalSystem):
    """A person in Salesforce's own screens, and an integration of another vendor beside ours."""

    def __init__(self, url: str, client_id: str, client_secret: str) -> None:
        super().__init__(url)
        self.url, self.client_id, self.client_secret = url, client_id, client_secret

    async def create(self, sobject: str, values: Json) -> None:
        await self.ask("POST", "/__control/records", {"sobject": sobject, "values": values})

    async def edit(self, record_id: str, **values: Any) -> None:
        await self.ask("PATCH", f"/__control/records/{record_id}", {"values": values})

    async def read(self, record_id: str) -> Json:
        found: Json = await self.ask("GET", f"/__control/records/{record_id}")
        return found

    async def set_clock(self, now: datetime) -> None:
        await self.ask("PUT", "/__control/clock", {"now": now.isoformat()})

    async def fault(self, route: str, **settings: Any) -> None:
        """The next request that matches meets it (see `FaultPlan` of the simulators)."""
        await self.ask("POST", "/__control/faults", {"route": route, **settings})

    async def count(self, sobject: str, where: str = "") -> int:
        answer = await self._wire(
            "/services/data/v62.0/query", f"select count() from {sobject} {where}"
        )
        return int(answer["totalSize"])

    async def rows(self, query: str) -> list[Json]:
        """Over the wire, page by page, as any integration would ask."""
        page = await self._wire("/services/data/v62.0/query", query)
        rows: list[Json] = page["records"]
        while not page["done"]:
            page = await self._wire(page["nextRecordsUrl"])
            rows += page["records"]
        return rows

    async def _wire(self, path: str, query: str | None = None) -> Json:
        signed_in = await self._http.post(
            "/services/oauth2/token",
            data={
                "grant_type": "client_credentials",
                "client_id": self.client_id,
                "client_secret": self.client_secret,
            },
        )
        token = signed_in.raise_for_status().json()["access_token"]
        answer = await self._http.get(
            path,
            params={"q": query.strip()} if query else None,
            headers={"authorization": f"Bearer {token}"},
        )
        found: Json = answer.raise_for_status().json()
        return found


class Mail(ExternalSystem):
    """The journal of what the SMTP server took responsibility for, and how the world behaves."""

    async def open_mailbox(self, address: str, password: str) -> None:
        await self.ask("PUT", "/mailboxes", {"address": address, "password": password})

    async def accepted(self, after: int = 0) -> list[Json]:
        found: list[Json] = await self.ask("GET", "/accepted", after=after, limit=10_000)
        return found

    async def counts(self) -> dict[str, int]:
        """How often each Message-ID was handed over."""
        counted = await self.ask("GET", "/accepted/count")
        by_message_id: dict[str, int] = counted["by_message_id"]
        return by_message_id

    async def inbox(self, address: str) -> list[Json]:
        found: list[Json] = await self.ask("GET", f"/mailboxes/{address}/messages")
        return found

    async def rule(self, **rule: Any) -> int:
        made: Json = await self.ask("POST", "/rules", rule)
        return int(made["id"])

    async def forget_rule(self, rule_id: int) -> None:
        await self.ask("DELETE", f"/rules/{rule_id}")

    async def set_clock(self, now: datetime) -> None:
        await self.ask("PUT", "/clock", {"now": now.isoformat()})


class Partner(ExternalSystem):
    """A partner's web server. It verifies what comes by the `standardwebhooks` library."""

    NAME = "crm"

    def __init__(self, control_url: str, hooks_url: str) -> None:
        super().__init__(control_url)
        self.hook_url = f"{hooks_url}/{self.NAME}"

    async def expect(self, *secrets: str) -> None:
        """Answer 401 to whatever these secrets do not sign."""
        wanted = {"secrets": secrets, "strict": True}
        await self.ask("PUT", f"/endpoints/{self.NAME}", wanted)

    async def deliveries(self, after: int = 0) -> list[Json]:
        found: list[Json] = await self.ask("GET", "/deliveries", endpoint=self.NAME, after=after)
        return found

    async def down(self) -> None:
        await self.ask("POST", "/down")

    async def up(self) -> None:
        await self.ask("POST", "/up")


async def one_click(link: str) -> None:
    """RFC 8058: what a mail program does when its reader presses "unsubscribe"."""
    async with httpx2.AsyncClient(trust_env=False, timeout=30.0) as program:
        answer = await program.post(link, data={"List-Unsubscribe": "One-Click"})
        if not answer.is_success:
            raise ClaimFailed(f"POST {link} answered {answer.status_code}: {answer.text}")

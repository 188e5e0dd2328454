"""A partner: a sink on a socket of its own, and endpoints of one workspace that point to it."""

import asyncio
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.clock import utc_now
from shared.events.base import Cause
from shared.events.sync import ReplyReceived
from shared.ids import new_id
from shared.quiet import quietly
from tests.harness import Tenure, Workspace
from tests.simulators.webhooks import Delivery, Step, WebhookSink


class Partner:
    def __init__(self, tenure: Tenure, ws: Workspace, sink: WebhookSink) -> None:
        self.tenure = tenure
        self.ws = ws
        self.sink = sink
        self.secrets: dict[str, str] = {}
        self.ids: dict[str, str] = {}

    async def endpoint(self, name: str, script: Iterable[Step] = (), **more: Any) -> str:
        """An endpoint whose receiver knows its secret. Its id."""
        body = {"url": self.sink.url(name), **more}
        made = await self.ws.admin.post("/v1/webhook-endpoints", body)
        assert made.status_code == 201, made.text
        self.secrets[name], self.ids[name] = made.json()["secret"], made.json()["id"]
        self.sink.endpoint(name, secrets=[self.secrets[name]], script=script)
        return self.ids[name]

    async def happen(self, *subjects: str, quiet_batch_id: UUID | None = None) -> None:
        """Public events of this service's own, one per subject; workers do not run yet."""
        units = self.tenure.workers["sync"].units
        cause: tuple[Cause, ...] = (Cause(type="system", id="test"),)
        if quiet_batch_id is not None:
            cause = quietly(cause, quiet_batch_id, "accounts.csv")
        async with units.begin(self.ws.id, cause) as uow:
            uow.publish(*(replied(subject) for subject in subjects or ("Hello",)))

    async def settle(self) -> None:
        """Let this service hear itself to the end and send what is due."""
        service = self.tenure.workers["sync"]
        loops = [
            loop
            for loop in self.tenure.loops["sync"]
            if loop.name in {"feed:sync:0", "webhooks", "removed-webhook-endpoints"}
        ]
        async with asyncio.timeout(60):
            while True:
                worked = [await loop.step(service) for loop in loops]
                if not any(worked) and await self.tenure.has_heard("sync", "sync"):
                    return

    async def hear(self) -> None:
        """Let this service hear itself to the end: deliveries wait, nothing is sent."""
        await self.tenure.hear("sync", "sync")

    async def deliveries(self, query: str = "") -> list[dict[str, Any]]:
        answer = await self.ws.admin.get(f"/v1/webhook-deliveries?limit=200{query}")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    async def get(self, path: str) -> dict[str, Any]:
        answer = await self.ws.admin.get(path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def state(self, name: str) -> dict[str, Any]:
        return await self.get(f"/v1/webhook-endpoints/{self.ids[name]}")

    async def until_finished(self, name: str) -> list[dict[str, Any]]:
        """Let all waits pass until no delivery to the endpoint waits any more."""
        found: list[dict[str, Any]] = []
        for _ in range(40):
            await self.settle()
            found = await self.deliveries(f"&endpoint_id={self.ids[name]}")
            if all(each["status"] != "pending" for each in found):
                return found
            await self.make_due()
        raise AssertionError(found)

    async def sql(self, statement: str, **values: Any) -> Any:
        """As time or fate would do it."""
        units = self.tenure.workers["sync"].units
        async with units.begin(self.ws.id, ()) as uow:
            bound = {"workspace_id": self.ws.id, **values}
            return await uow.connection.execute(text(statement), bound)

    async def make_due(self) -> None:
        """All waits are over, those of workers that died included."""
        await self.sql(
            "update webhook_deliveries set due_at = clock_timestamp()"
            " where workspace_id = :workspace_id and status = 'pending'"
        )
        await self.sql(
            "update webhook_endpoints set rests_until = null where workspace_id = :workspace_id"
        )

    def received(self, name: str) -> list[Delivery]:
        return self.sink.received(name)


def replied(subject: str) -> ReplyReceived:
    return ReplyReceived(
        connection_id=new_id(),
        mailbox="ben@tenure.example",
        message_id=f"<{new_id()}@northwind.example>",
        references=[],
        sender="ana@northwind.example",
        subject=subject,
        received_at=utc_now(),
    )

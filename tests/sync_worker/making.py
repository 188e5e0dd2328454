"""A workspace connected to a simulated Salesforce org, and what tests do to it."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.events.sequences import MessageSent
from shared.ids import new_id
from sync_worker.connectors.base import Row, Stream, StreamSchema
from sync_worker.connectors.salesforce.connector import SPEC
from sync_worker.connectors.salesforce.rows import readable_fields, rows_of
from sync_worker.crm_sync.translation.document import mapping_of
from tests.harness import Tenure, Workspace
from tests.simulators.salesforce import landmarks
from tests.simulators.salesforce.server import SalesforceSimulator

SHIPPED = mapping_of(SPEC, None)
LATE_OPPORTUNITY = landmarks.LATE[0]
SENT_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def salesforce_row(stream: str, wire: dict[str, Any], **types: str) -> Row:
    """A row of Salesforce as the connector hands it over; `types` are those of its fields."""
    kind = SPEC.stream(stream)
    assert kind is not None
    described = [{"name": name, "type": types.get(name, "string")} for name in wire]
    schema = StreamSchema(readable_fields(described))
    (row,) = rows_of(Stream(kind, schema, tuple(wire)), [wire])
    return row


class Org:
    """A workspace connected to a simulated org."""

    def __init__(self, tenure: Tenure, ws: Workspace, sf: SalesforceSimulator) -> None:
        self.tenure = tenure
        self.ws = ws
        self.sf = sf
        self.connection_id = ""

    async def connect(self, **more: Any) -> dict[str, Any]:
        body = {
            "system": "salesforce",
            "title": "Salesforce",
            "login_url": self.sf.url,
            "client_id": self.sf.app.client_id,
            "client_secret": self.sf.app.client_secret,
            "lag_seconds": 0,
            "every_seconds": 86_400,
            **more,
        }
        made = await self.ws.admin.post("/v1/connections", body)
        assert made.status_code == 201, made.text
        self.connection_id = made.json()["id"]
        found: dict[str, Any] = made.json()
        return found

    async def sync(self, kind: str = "incremental") -> dict[str, Any]:
        """Ask for a run, let it end, and return it."""
        path = f"/v1/connections/{self.connection_id}/sync?kind={kind}"
        asked = await self.ws.admin.post(path)
        assert asked.status_code == 202, asked.text
        await self.tenure.settle()
        return await self.run(asked.json()["id"])

    async def run(self, run_id: str) -> dict[str, Any]:
        answer = await self.ws.admin.get(f"/v1/sync-runs/{run_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def all(self, plural: str) -> dict[str, dict[str, Any]]:
        """Every record of a kind in our accounts service, by its id in Salesforce."""
        found: dict[str, dict[str, Any]] = {}
        path = f"/v1/{plural}?limit=200"
        if plural in {"accounts", "contacts"}:
            path += f"&include={'key_roles' if plural == 'accounts' else 'accounts'}"
        cursor = ""
        while True:
            answer = await self.ws.admin.get(path + cursor)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found |= {each["external_id"]: each for each in page["data"]}
            if not page["has_more"]:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    def rows(self, sobject: str) -> dict[str, dict[str, Any]]:
        """Every live record there, by id."""
        return {str(row["Id"]): dict(row) for row in self.sf.org.scan(sobject)}


async def hand_over(
    org: Org, step: str, *, opportunity: str = LATE_OPPORTUNITY, at: datetime = SENT_AT
) -> None:
    """As the sequencer tells of a mail that the transport accepted."""
    ours = (await org.all("opportunities"))[opportunity]
    async with org.tenure.workers["sequencer"].units.begin(org.ws.id, []) as uow:
        uow.publish(
            MessageSent(
                enrollment_id=new_id(),
                sequence_id=new_id(),
                opportunity_id=UUID(ours["id"]),
                account_id=UUID(ours["account_id"]),
                contact_id=new_id(),
                message_id=new_id(),
                step_id=new_id(),
                step_title=step,
                internet_message_id=f"<{new_id().hex}@acme.example>",
                subject="Your renewal",
                sender="ana@acme.example",
                sent_at=at,
            )
        )
    await org.tenure.settle()


async def kill_worker_at(org: Org, point: str, nth: int = 1) -> None:
    env = {
        **os.environ,
        **org.tenure.environment("sync"),
        "TENURE_FAULTPOINTS": f"{point}@{org.ws.id}=kill:{nth}",
        "TENURE_SWEEP_SECONDS": "0.1",
    }
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sync_worker.worker", env=env
    )
    try:
        async with asyncio.timeout(120):
            assert await worker.wait() == -signal.SIGKILL
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()


async def expire_leases(org: Org) -> None:
    """As if a minute had passed."""
    async with org.tenure.workers["sync"].units.begin(org.ws.id, []) as uow:
        for table, lease in (
            ("connections", "lease_until"),
            ("connection_tokens", "refreshing_until"),
        ):
            await uow.connection.execute(
                text(
                    f"update {table} set {lease} = clock_timestamp() - interval '1 second'"
                    f" where workspace_id = :workspace_id and {lease} is not null"
                ),
                {"workspace_id": org.ws.id},
            )

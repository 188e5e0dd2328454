"""Rows that become tasks and notes. Their service writes them, for whoever imports."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json

from accounts_api.customers.import_destinations import client
from accounts_api.customers.import_destinations.client import RowResult
from accounts_api.customers.import_destinations.destination import BY_ID, Identity, Importer, Row
from accounts_api.customers.import_destinations.rules import (
    ImportTargetType,
    Target,
    targets_of_traits,
)
from accounts_api.customers.traits import service as traits
from accounts_api.customers.traits.rules import definition_of
from accounts_api.records.editing.edits import Outcome
from shared.errors import Fault, Invalid
from shared.quiet import Automation
from shared.service import Service
from shared.settings import ServiceName
from shared.uow import UnitOfWork

_ROW: Final = re.compile(r"^/rows/[0-9]+")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A chunk of an import on its way."""

    import_id: UUID
    title: str
    automation: Automation
    chunk: int


@dataclass(frozen=True, slots=True)
class ServiceDestination:
    """Of a service that has a bulk write like those of this one."""

    record_type: str
    peer: ServiceName
    path: str
    permission: str
    known: Mapping[str, Target]
    lower: Collection[str] = ()
    """Fields whose words other platforms write with capitals."""
    identity: Identity = BY_ID
    links_accounts: bool = False

    async def targets(self, uow: UnitOfWork) -> Mapping[str, Target]:
        rows = await traits.traits_of(uow, self.record_type)
        definitions = {row.key: definition_of(asdict(row)) for row in rows}
        return {**self.known, **targets_of_traits(definitions)}

    def row(
        self, values: Mapping[str, Any], *, allow_implausible: bool
    ) -> Row[dict[str, Any]] | Outcome:
        del allow_implausible
        said = {
            name: value.strip().lower() if name in self.lower and isinstance(value, str) else value
            for name, value in values.items()
        }
        return Row(_about_something(said), said.get("id"), said.get("external_id"))

    async def send(
        self,
        service: Service,
        importer: Importer,
        delivery: Delivery,
        rows: Sequence[Row[dict[str, Any]] | Outcome],
        *,
        dry_run: bool = False,
    ) -> list[Outcome]:
        """In their order. Not within a transaction. Sent again it changes nothing and is answered
        as at first, so that what was sent before a crash is counted as what it was. Raises
        `PeerAway` and `Forbidden`.
        """
        sent = [row for row in rows if isinstance(row, Row)]
        body: dict[str, Any] = {
            "dry_run": dry_run,
            "automation": delivery.automation,
            "rows": [row.said for row in sent],
        }
        if delivery.automation == "quiet":
            body["quiet_batch"] = {"id": str(delivery.import_id), "title": delivery.title}
        # Of its content, too: an address may be another member's by the time it is sent again.
        digest = hashlib.sha256(to_json(body)).hexdigest()[:16]
        key = None if dry_run else f"import:{delivery.import_id}:{delivery.chunk}:{digest}"
        results = (
            await client.bulk(service, self.peer, self.path, importer.caller, body, key)
            if sent
            else []
        )
        told = iter(results)
        return [row if isinstance(row, Outcome) else _outcome(row, next(told)) for row in rows]


def _outcome(row: Row[dict[str, Any]], result: RowResult) -> Outcome:
    record_id = None if result.id is None else str(result.id)
    outcome = Outcome(result.status, record_id, result.external_id or row.external_id)
    if result.status == "rejected":
        itself = Fault("", result.code or Invalid.code, result.message or Invalid.title)
        faults = {
            (pointer := _pointer(row.said, fault.pointer)): Fault(
                pointer, fault.code, fault.message
            )
            for fault in result.errors
        }
        outcome.error = Invalid(itself.message, faults=[*faults.values()] or [itself])
    return outcome


def _pointer(said: Mapping[str, Any], pointer: str) -> str:
    """Into the row: a subject that was taken from the account has no column of its own."""
    within = _ROW.sub("", pointer)
    of_account = within.replace("/subject_", "/account_")
    name, account_name = within.removeprefix("/"), of_account.removeprefix("/")
    same = account_name in said and said.get(name) == said[account_name]
    return of_account if same else within


def _about_something(said: dict[str, Any]) -> dict[str, Any]:
    """A row that names no type of record is about an account: of another platform, most are."""
    if "subject_type" in said:
        return said
    if said.get("subject_id") or said.get("subject_external_id"):
        return {**said, "subject_type": "account"}
    named = {
        f"subject_{name}": value
        for name in ("id", "external_id")
        if (value := said.get(f"account_{name}"))
    }
    return {**said, "subject_type": "account", **named} if named else said


def _targets(**types: ImportTargetType) -> Mapping[str, Target]:
    return {
        name: Target(name, type_, name, former_members=type_ == "member")
        for name, type_ in types.items()
    }


_OF_BOTH: Final[Mapping[str, ImportTargetType]] = {
    "id": "text",
    "external_id": "text",
    "source": "text",
    "title": "text",
    "body": "text",
    "category": "text",
    "tags": "list",
    "subject_type": "text",
    "subject_id": "text",
    "subject_external_id": "text",
    "account_id": "text",
    "account_external_id": "text",
    "author_id": "member",
    "authored_at": "datetime",
}
NOTES: Final = ServiceDestination(
    "note",
    "tasks",
    "/v1/notes/bulk",
    "notes:write",
    _targets(**_OF_BOTH, private="boolean", noted_on="date"),
    lower=("subject_type",),
)
TASKS: Final = ServiceDestination(
    "task",
    "tasks",
    "/v1/tasks/bulk",
    "tasks:write",
    _targets(
        **_OF_BOTH,
        priority="text",
        assignee_id="member",
        assignee_key_role="text",
        due_at="datetime",
        status="text",
        outcome="text",
        ended_at="datetime",
        ended_by="member",
    ),
    lower=("subject_type", "priority", "status"),
)

"""A connection as it is stored, and what may be written of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, TypedDict
from uuid import UUID

from pydantic import Field
from typing_extensions import TypeAliasType

from shared.events.base import Cause
from shared.value_types import literals

ConnectionStatus = TypeAliasType(
    "ConnectionStatus",
    Annotated[
        Literal["ok", "failing", "needs_reauth", "paused"],
        Field(
            description="`failing`: the last run ended in trouble that may pass, and it is tried"
            " again. `needs_reauth`: the system refuses the credentials, so nothing is"
            " read until new ones are given. `paused`: a person stopped it."
        ),
    ],
)
STATUSES: tuple[ConnectionStatus, ...] = literals(ConnectionStatus)


@dataclass(frozen=True, slots=True)
class Connection:
    """`mapping` is null for the mapping that ships; `credentials` are sealed."""

    workspace_id: UUID
    id: UUID
    system: str
    title: str
    settings: dict[str, Any]
    credentials: bytes
    mapping: dict[str, Any] | None
    mapping_version: int
    every_seconds: int
    status: ConnectionStatus
    reason: str | None
    failures: int
    next_run_at: datetime
    lease_token: UUID | None
    lease_until: datetime | None
    synced_at: datetime | None
    full_sync_at: datetime | None
    rejected_records: int
    warned_records: int
    owners_told: int
    removed_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class NewConnection(TypedDict):
    id: UUID
    system: str
    title: str
    every_seconds: int
    settings: dict[str, Any]
    credentials: bytes


class ConnectionChanges(TypedDict, total=False):
    title: str
    every_seconds: int
    settings: dict[str, Any]
    credentials: bytes
    mapping: dict[str, Any]
    mapping_version: int
    status: ConnectionStatus
    reason: str | None
    failures: int
    next_run_at: datetime
    lease_token: None
    lease_until: None
    synced_at: datetime
    full_sync_at: datetime | None
    owners_told: int
    removed_at: datetime
    version: int


RECOVERED: ConnectionChanges = {"status": "ok", "reason": None, "failures": 0}
"""Whatever stood against a connection is over."""


@dataclass(frozen=True)
class Opened:
    """A connection with its secrets in the clear: for the moment of use, never stored or logged."""

    workspace_id: UUID
    id: UUID
    system: str
    title: str
    settings: dict[str, Any]
    secrets: dict[str, str]
    every_seconds: int
    failures: int
    mapping: dict[str, Any] | None
    mapping_version: int
    currency: str
    time_zone: str

    @property
    def cause(self) -> Cause:
        return Cause(type="connection", id=str(self.id), label=self.title)

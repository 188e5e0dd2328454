from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.events.signals.indicators import IndicatorKind, IndicatorRecordType


@dataclass(frozen=True, slots=True)
class IndicatorDefinition:
    id: UUID
    key: str
    title: str
    description: str | None
    kind: IndicatorKind
    severity: int
    record_type: IndicatorRecordType
    rule: dict[str, Any] | None
    owner_key_role: str | None
    hold_minutes: int | None
    reopen_after_days: int | None
    call_to_action: dict[str, Any] | None
    quiet: bool
    faults: list[dict[str, Any]] | None
    archived_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def hold(self) -> timedelta:
        return timedelta(minutes=self.hold_minutes or 0)

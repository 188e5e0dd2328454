from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts_api.signals.indicators.rules import IndicatorChangeKind
from shared.events.signals.indicators import (
    IndicatorClearReason,
    IndicatorKind,
    IndicatorOrigin,
    IndicatorRecordType,
    IndicatorState,
)


@dataclass(frozen=True, slots=True)
class Indicator:
    id: UUID
    definition_id: UUID
    kind: IndicatorKind
    severity: int
    record_type: IndicatorRecordType
    record_id: UUID
    account_id: UUID | None
    cause: str
    state: IndicatorState
    owner_id: UUID | None
    owner_by_hand: bool
    opened_by: IndicatorOrigin
    opened_at: datetime
    reason: dict[str, Any] | None
    note: str | None
    silenced_until: datetime | None
    addressed_at: datetime | None
    addressed_by: UUID | None
    cleared_at: datetime | None
    cleared_by: IndicatorClearReason | None
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class IndicatorChange:
    version: int
    change: IndicatorChangeKind
    state: IndicatorState
    record_id: UUID
    account_id: UUID | None
    owner_id: UUID | None
    silenced_until: datetime | None
    cleared_by: IndicatorClearReason | None
    note: str | None
    effective_at: datetime
    cause: list[dict[str, Any]]
    created_at: datetime

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from shared.events.accounts import ManualEntryRefusal


def asks_to_enter(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> bool:
    """Whether a change sets `manually_enter_renewal_sequence`."""
    was = before is not None and before["manually_enter_renewal_sequence"]
    return bool(after["manually_enter_renewal_sequence"]) and not was


def why_not(after: Mapping[str, Any], now: datetime, zone: ZoneInfo) -> ManualEntryRefusal | None:
    """Why an opportunity cannot enter its renewal sequence by hand, in the customer's zone."""
    if after["is_closed"]:
        return "opportunity_closed"
    expiration = after["contract_expiration"]
    if expiration is None:
        return None
    today = now.astimezone(zone).date()
    return "contract_expired" if today >= date.fromisoformat(expiration) else None

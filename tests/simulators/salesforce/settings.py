"""How the org is set up, and which of its habits a test switches on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from tests.simulators.control import BadControl


@dataclass(frozen=True)
class Settings:
    commit_delay_seconds: float = 0.0
    """How long an edit by a person stays invisible after it got its SystemModstamp."""
    session_seconds: int = 7_200
    """An access token dies after this long without use."""
    rotate_refresh_tokens: bool = False
    """Each refresh gives a new refresh token; a replayed old one revokes the whole grant."""
    grants_per_user: int = 5
    locator_seconds: int = 172_800
    """How long nextRecordsUrl works; 900 is what older texts say."""
    open_cursors: int = 10
    page_caps: list[int] = field(default_factory=list)
    """The most rows that the first, second, … page may have; then from the start again."""
    replication_lag_seconds: int = 120
    """How far behind now `latestDateCovered` is."""
    deleted_log_since: str | None = None
    """The log of deletions has been purged before this instant."""
    silent_reparenting: bool = False
    """A merge gives children their new parent without a new SystemModstamp."""
    hidden_fields: dict[str, list[str]] = field(default_factory=dict)
    """Object to fields that field-level security hides from the API user."""
    hidden_records: list[str] = field(default_factory=list)
    """Ids that sharing hides from the API user."""
    row_errors: dict[str, list[str]] = field(default_factory=dict)
    """Record id to the error code and message that each change of it by the API meets."""
    api_requests_per_day: int = 100_000
    bulk_polls: int = 2
    """How often a bulk job answers that it is not ready yet."""
    bulk_missing_rows: int = 0
    """Rows that a bulk result leaves out although the job counted them."""
    bulk_failure: str | None = None
    """The message with which each new bulk job fails."""

    def changed(self, given: Mapping[str, Any]) -> "Settings":
        unknown = set(given) - {each.name for each in fields(self)}
        if unknown:
            raise BadControl(f"There is no setting {', '.join(sorted(unknown))}.")
        return replace(self, **given)

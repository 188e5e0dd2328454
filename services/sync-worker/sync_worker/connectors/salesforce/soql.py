"""Queries in Salesforce's language. Literals are escaped here and nowhere else."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

_ESCAPES = {
    "\\": "\\\\",
    "'": "\\'",
    '"': '\\"',
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
}


def quoted(value: str) -> str:
    return "'" + "".join(_ESCAPES.get(character, character) for character in value) + "'"


def instant(at: datetime) -> str:
    """A date-time literal, unquoted, in milliseconds as they are stored."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def changed_within(
    sobject: str,
    fields: Sequence[str],
    low: datetime | None,
    high: datetime,
    after: tuple[datetime, str] | None,
) -> str:
    """Rows by (SystemModstamp, Id), so that rows which share an instant have an order too; `after`
    is the last row that has been dealt with.
    """
    conditions = [f"SystemModstamp <= {instant(high)}"]
    if low is not None:
        conditions.insert(0, f"SystemModstamp >= {instant(low)}")
    if after is not None:
        at, last_id = instant(after[0]), quoted(after[1])
        conditions.append(f"(SystemModstamp > {at} OR (SystemModstamp = {at} AND Id > {last_id}))")
    return (
        f"SELECT {', '.join(fields)} FROM {sobject}"  # names come from describe
        f" WHERE {' AND '.join(conditions)} ORDER BY SystemModstamp, Id"
    )


def by_ids(sobject: str, fields: Sequence[str], ids: Iterable[str]) -> str:
    listed = ", ".join(quoted(each) for each in ids)
    return f"SELECT {', '.join(fields)} FROM {sobject} WHERE Id IN ({listed})"


def sample(sobject: str, fields: Sequence[str], limit: int) -> str:
    return f"SELECT {', '.join(fields)} FROM {sobject} ORDER BY SystemModstamp DESC LIMIT {limit}"

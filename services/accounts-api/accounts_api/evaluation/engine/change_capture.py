"""Notes what has changed, in the transaction that changes it: what is noted is evaluated again."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json

from accounts_api.evaluation.engine import queries
from accounts_api.evaluation.engine.rules import RESUMED, TIMED
from accounts_api.language.rules.ignored import IGNORED
from accounts_api.language.rules.standard import STANDARD
from accounts_api.records.schema import record_catalog
from accounts_api.records.store.hooks import RecordChange
from shared.rules.interpreter.depends import EXISTENCE, role_dependency
from shared.rules.types.catalog import Catalog, Children
from shared.uow import UnitOfWork

_EVER: Final = datetime.min.replace(tzinfo=UTC)


async def record_changes(
    uow: UnitOfWork, record_type: str, changes: Sequence[RecordChange]
) -> None:
    """A listener of record changes: notes in their transaction what must be evaluated again."""
    own = record_type not in STANDARD.types
    known = _PARENTS if not own else _parents(await record_catalog.rule_catalog(uow))
    parents = known.get(record_type, ())
    rows = [row for change in changes for row in _rows(record_type, change, parents)]
    await _queue(uow, rows, await uow.now())


async def record_change(
    uow: UnitOfWork,
    record_type: str,
    what: Iterable[str],
    ids: Iterable[UUID],
    at: datetime,
    *,
    resumed: bool = False,
    timed: bool = False,
) -> None:
    """Something else that rules see has changed, such as the membership of a segment."""
    named = sorted({*what, *([RESUMED] if resumed else []), *([TIMED] if timed else [])})
    rows = [{"record_type": record_type, "record_id": id_, "what": named} for id_ in ids]
    await _queue(uow, rows, at)


async def record_each_change(
    uow: UnitOfWork, seen: Mapping[tuple[str, UUID], Iterable[str]], at: datetime
) -> None:
    """As `record_change`, for records by type and id, each with what has changed about it."""
    rows = [
        {"record_type": record_type, "record_id": id_, "what": sorted(what)}
        for (record_type, id_), what in seen.items()
    ]
    await _queue(uow, rows, at)


async def _queue(uow: UnitOfWork, rows: Sequence[Mapping[str, Any]], at: datetime) -> None:
    if rows:
        cause = to_json(uow.cause).decode()
        await queries.queue(uow, rows, at, cause)
        uow.wake_worker()


def _rows(
    record_type: str, change: RecordChange, parents: Iterable[tuple[str, str, str]]
) -> Iterable[Mapping[str, Any]]:
    before = change.before or {}
    what = {dependency_of(field) for field in change.fields}
    if change.change not in {"updated", "computed"}:
        what = {EXISTENCE}
    if "lifecycle_status" in what and before.get("lifecycle_status") == IGNORED:
        what.add(RESUMED)
    at = change.since
    for since, named in _by_instant(change, what):
        yield {"record_type": record_type, "record_id": change.id, "what": named, "at": since}
    for type_name, relation, column in parents:
        left = before.get(column)
        if column in change.fields and left:
            yield {"record_type": type_name, "record_id": left, "what": [relation], "at": at}
    if record_type == "contact" and "accounts" in change.fields:
        links = [*(before.get("accounts") or ()), *(change.after.get("accounts") or ())]
        for account_id in {link["account_id"] for link in links}:
            what_there = ["contacts"]
            yield {"record_type": "account", "record_id": account_id, "what": what_there, "at": at}


def _by_instant(
    change: RecordChange, what: Iterable[str]
) -> list[tuple[datetime | None, list[str]]]:
    """What has been so since when; the last to come about is noted last, and so counts for what
    depends on several.
    """
    held = {dependency_of(field): since for field, since in change.held_since.items()}
    found: dict[datetime | None, list[str]] = defaultdict(list)
    for name in sorted(what):
        found[held.get(name, change.since)].append(name)
    return sorted(found.items(), key=lambda noted: noted[0] or _EVER)


def dependency_of(field: str) -> str:
    """What rules see change when a field of a record does."""
    return (
        role_dependency(field.removeprefix("key_roles."))
        if field.startswith("key_roles.")
        else field
    )


def _parents(catalog: Catalog) -> dict[str, list[tuple[str, str, str]]]:
    """Child type to (parent type, its relation to the child, the child's column)."""
    found: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for type_ in catalog.types.values():
        for relation in type_.relations:
            if isinstance(relation.join, Children):
                found[relation.target].append((type_.name, relation.name, relation.join.column))
    return found


_PARENTS: Final = _parents(STANDARD)

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import astuple
from datetime import datetime
from typing import Protocol
from uuid import UUID

from pydantic_core import from_json, to_json

from shared.history import queries
from shared.history.queries import Wanted
from shared.json_rows import json_object, json_page
from shared.page_bytes import fitting
from shared.paging import CursorSigner
from shared.uow import UnitOfWork

FindLabels = Callable[[UnitOfWork, Iterable[str]], Awaitable[Mapping[tuple[str, str], str]]]
"""What those who may be causes are called now, by type and id."""


class Caused(Protocol):
    """A row that says why, as JSON."""

    @property
    def cause(self) -> str: ...


class Change(Caused, Protocol):
    @property
    def id(self) -> str: ...
    @property
    def field(self) -> str: ...
    @property
    def valid_from(self) -> datetime: ...
    @property
    def known_at(self) -> datetime: ...
    @property
    def old(self) -> str | None: ...
    @property
    def new(self) -> str | None: ...


async def history_page(
    uow: UnitOfWork,
    record_type: str,
    record_id: UUID,
    cursors: CursorSigner,
    find_labels: FindLabels,
    *,
    wanted: Wanted,
    cursor: str | None,
    limit: int,
) -> bytes:
    """Changes of one record, newest first. Whether there is such a record is for the caller."""
    shape = ("history", record_type, str(record_id), *astuple(wanted))
    before = cursors.read(cursor, uow.workspace_id, shape)[0] if cursor else None
    rows = await queries.changes_page(uow, record_id, wanted=wanted, before=before, limit=limit + 1)
    kept = fitting(rows, limit)
    following = None
    if len(rows) > len(kept):
        following = cursors.sign(uow.workspace_id, shape, [kept[-1].id])
    causes = await causes_of(uow, kept, find_labels)
    objects = [change_json(row, cause) for row, cause in zip(kept, causes, strict=True)]
    return json_page(objects, following)


def change_json(row: Change, cause: str, *more: tuple[str, str]) -> bytes:
    scalars = {name: getattr(row, name) for name in ("id", "field", "valid_from", "known_at")}
    return json_object(scalars, [("old", row.old), ("new", row.new), ("cause", cause), *more])


async def causes_of(uow: UnitOfWork, rows: Sequence[Caused], find_labels: FindLabels) -> list[str]:
    """The chains of changes as JSON. A link that was stored without a label is called what it is
    called now; one of another service brought its own.
    """
    chains = [from_json(row.cause) for row in rows]
    nameless = [link for chain in chains for link in chain if not link.get("label")]
    ids = {link["id"] for link in nameless if _is_uuid(link["id"])}
    known = await find_labels(uow, ids) if ids else {}
    for link in nameless:
        link["label"] = known.get((link["type"], link["id"]))
    return [to_json(chain).decode() for chain in chains]


def _is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False

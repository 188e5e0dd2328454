"""What this service asks of the accounts service, with only the fields it reads."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote
from uuid import UUID

from pydantic import BaseModel

from shared.events.base import Cause
from shared.net.answers import Answer, OutgoingError
from shared.service import Service

Plural = Literal["accounts", "contacts", "opportunities"]

_DEADLINE = 30.0
_AWAY = frozenset({401, 403, 429, 502, 503, 504})
"""What says nothing of the rows."""
_FIRST_SERVER_ERROR = 500


class AccountsAway(Exception):
    """The accounts service gave no answer that says anything of the rows: try later."""


class AccountsFailed(AccountsAway):
    """It answered that it failed: one of the rows may be why."""


class RowResult(BaseModel):
    status: Literal["created", "updated", "unchanged", "rejected"]
    id: UUID | None = None
    code: str | None = None
    message: str | None = None
    errors: list[dict[str, Any]] = []
    left_out: dict[str, str] = {}
    """By target, such as `traits.tier`: values that the row was written without, and why."""

    def reason(self) -> str:
        """For a person: the refusal and the first few of its faults."""
        faults = [f"{each.get('pointer')}: {each.get('message')}" for each in self.errors[:3]]
        return "; ".join([self.message or self.code or "Refused.", *faults])[:1000]


@dataclass(frozen=True, slots=True)
class QuietBatch:
    """What rows are written under that start nothing."""

    id: UUID
    title: str


class Trait(BaseModel):
    key: str
    type: str
    currency: str | None = None


async def bulk(
    service: Service,
    workspace_id: UUID,
    cause: Sequence[Cause],
    plural: Plural,
    rows: Sequence[Mapping[str, Any]],
    *,
    dry_run: bool = False,
    quiet: QuietBatch | None = None,
) -> list[RowResult]:
    """One result per row, in their order. Raises `AccountsAway`."""
    body: dict[str, Any] = {"rows": list(rows), "dry_run": dry_run}
    if quiet is not None:
        batch = {"id": str(quiet.id), "title": quiet.title}
        body |= {"automation": "quiet", "quiet_batch": batch}
    answer = await _ask(service, workspace_id, cause, "POST", f"/v1/{plural}/bulk", body)
    if answer.status >= 300:  # noqa: PLR2004
        raise AccountsFailed(f"Our accounts service refused a batch: {_problem(answer)}")
    results = [RowResult.model_validate(each) for each in answer.json()["results"]]
    if len(results) != len(rows):
        raise AccountsAway("Our accounts service answered for another number of rows.")
    return results


async def put_member(
    service: Service,
    workspace_id: UUID,
    cause: Sequence[Cause],
    external_id: str,
    fields: Mapping[str, Any],
) -> RowResult:
    """Who left there keeps no access here, whatever they still hold: `force`. That it waits for
    others to take it over is no reason to let them in.
    """
    path = f"/v1/members/by-external-id/{quote(external_id, safe='')}?force=true"
    answer = await _ask(service, workspace_id, cause, "PUT", path, dict(fields))
    if answer.status >= 300:  # noqa: PLR2004
        return RowResult(status="rejected", message=_problem(answer), errors=_faults(answer))
    return RowResult(status="updated", id=answer.json()["id"])


async def traits(
    service: Service, workspace_id: UUID, cause: Sequence[Cause], record_type: str
) -> list[Trait]:
    """All definitions of a type of record. Raises `AccountsAway`."""
    path = f"/v1/traits?record_type={record_type}&limit=200"
    pages = _pages(service, workspace_id, cause, path)
    return [Trait.model_validate(each) async for each in pages]


async def _pages(
    service: Service, workspace_id: UUID, cause: Sequence[Cause], path: str
) -> AsyncIterator[dict[str, Any]]:
    cursor = ""
    while True:
        answer = await _ask(service, workspace_id, cause, "GET", path + cursor, None)
        if answer.status >= 300:  # noqa: PLR2004
            raise AccountsAway(f"Our accounts service told nothing: {_problem(answer)}")
        page = answer.json()
        for each in page["data"]:
            yield each
        if not page["has_more"]:
            return
        cursor = f"&cursor={quote(page['next_cursor'], safe='')}"


async def key_roles(service: Service, workspace_id: UUID, cause: Sequence[Cause]) -> list[str]:
    """Keys of all key roles. Raises `AccountsAway`."""
    pages = _pages(service, workspace_id, cause, "/v1/key-roles?limit=200")
    return [str(each["key"]) async for each in pages]


async def add_trait(
    service: Service, workspace_id: UUID, cause: Sequence[Cause], trait: Mapping[str, Any]
) -> str | None:
    """Make a trait definition; the refusal if there is one. That it exists already is none."""
    answer = await _ask(service, workspace_id, cause, "POST", "/v1/traits", dict(trait))
    if answer.status >= 300 and answer.status != 409:  # noqa: PLR2004
        return _problem(answer)
    return None


async def _ask(
    service: Service,
    workspace_id: UUID,
    cause: Sequence[Cause],
    method: str,
    path: str,
    json: Any,
) -> Answer:
    try:
        answer = await service.ask(
            "accounts",
            method,
            path,
            workspace_id=workspace_id,
            cause=cause,
            json=json,
            deadline=_DEADLINE,
        )
    except OutgoingError as error:
        raise AccountsAway(f"Our accounts service did not answer: {error}") from error
    if answer.status in _AWAY:
        raise AccountsAway(f"Our accounts service answered {answer.status}.")
    if answer.status >= _FIRST_SERVER_ERROR:
        raise AccountsFailed(f"Our accounts service answered {answer.status}.")
    return answer


def _faults(answer: Answer) -> list[dict[str, Any]]:
    try:
        errors: list[dict[str, Any]] = answer.json().get("errors", [])
    except OutgoingError:
        return []
    return errors


def _problem(answer: Answer) -> str:
    try:
        body = answer.json()
    except OutgoingError:
        return f"HTTP {answer.status}"
    faults = [f"{e.get('pointer')}: {e.get('message')}" for e in body.get("errors", [])[:3]]
    said = [str(body[name]) for name in ("title", "detail") if body.get(name)]
    return "; ".join([*said, *faults])[:1000] or f"HTTP {answer.status}"

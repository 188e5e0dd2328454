from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from accounts_api.signals.survey_responses.models import Response
from shared.uow import UnitOfWork

_COLUMNS: Final = (
    "id, survey_id, question_version, contact_id, account_id, invitation_id, external_id, source,"
    " answers, score, comment, responded_at, erased_at, version, created_at, updated_at"
)
_OWN: Final = f"select {_COLUMNS} from survey_responses where workspace_id = :workspace_id"
_ADD: Final = text(
    f"""
    insert into survey_responses
        (workspace_id, id, survey_id, question_version, contact_id, account_id, invitation_id,
         external_id, source, answers, score, comment, responded_at)
    values (:workspace_id, :id, :survey_id, :question_version, :contact_id, :account_id,
            :invitation_id, :external_id, :source, cast(:answers as jsonb), :score, :comment,
            :responded_at)
    returning {_COLUMNS}
    """
)
_CHANGE: Final = text(
    f"""
    update survey_responses
    set question_version = :question_version, contact_id = :contact_id, account_id = :account_id,
        source = :source, answers = cast(:answers as jsonb), score = :score, comment = :comment,
        version = version + 1, updated_at = clock_timestamp()
    where workspace_id = :workspace_id and id = :id returning {_COLUMNS}
    """
)
_KEEP: Final = text(
    """
    insert into survey_response_versions
        (workspace_id, response_id, version, question_version, answers, score, comment,
         effective_at, cause)
    select workspace_id, id, version, question_version, answers, score, comment, :effective_at,
           cast(:cause as jsonb)
    from survey_responses where workspace_id = :workspace_id and id = :id
    """
)
_BY_ID = text(f"{_OWN} and id = :id")
_BY_EXTERNAL_ID = text(f"{_OWN} and external_id = :external_id for update")
_OF_INVITATION = text(f"{_OWN} and invitation_id = :invitation_id")
_PAGE = text(
    f"""
    {_OWN}
      and (cast(:survey_id as uuid) is null or survey_id = :survey_id)
      and (cast(:contact_id as uuid) is null or contact_id = :contact_id)
      and (cast(:account_id as uuid) is null or account_id = :account_id)
      and (cast(:at as timestamptz) is null or (responded_at, id) < (:at, :after))
    order by responded_at desc, id desc limit :limit
    """
)
_LOCK_EXTERNAL_ID = text(
    "select pg_advisory_xact_lock(hashtextextended("
    "cast(cast(:workspace_id as uuid) as text) || ':survey_response:' || :external_id, 0))"
)


async def add(uow: UnitOfWork, fields: Mapping[str, Any]) -> Response:
    return await uow.one(Response, _ADD, **_written(fields))


async def change(uow: UnitOfWork, response_id: UUID, fields: Mapping[str, Any]) -> Response:
    return await uow.one(Response, _CHANGE, id=response_id, **_written(fields))


def _written(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {**fields, "answers": to_json(fields["answers"]).decode()}


async def keep_version(
    uow: UnitOfWork, response_id: UUID, effective_at: datetime, cause: list[dict[str, Any]]
) -> None:
    written = to_json(cause).decode()
    await uow.run(_KEEP, id=response_id, effective_at=effective_at, cause=written)


async def response_by_id(uow: UnitOfWork, response_id: UUID) -> Response | None:
    return await uow.row(Response, _BY_ID, id=response_id)


async def response_by_external_id(uow: UnitOfWork, external_id: str) -> Response | None:
    """Locked, and nobody else makes one meanwhile."""
    await uow.run(_LOCK_EXTERNAL_ID, external_id=external_id)
    return await uow.row(Response, _BY_EXTERNAL_ID, external_id=external_id)


async def response_of(uow: UnitOfWork, invitation_id: UUID) -> Response | None:
    return await uow.row(Response, _OF_INVITATION, invitation_id=invitation_id)


async def responses_page(
    uow: UnitOfWork,
    *,
    survey_id: UUID | None,
    contact_id: UUID | None,
    account_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Response]:
    """Latest first."""
    at, last = after or (None, None)
    return await uow.rows(
        Response,
        _PAGE,
        survey_id=survey_id,
        contact_id=contact_id,
        account_id=account_id,
        at=at,
        after=last,
        limit=limit,
    )


@dataclass(frozen=True, slots=True)
class KeptVersion:
    version: int
    question_version: int
    answers: dict[str, Any]
    score: int | None
    effective_at: datetime


_VERSIONS = text(
    "select version, question_version, answers, score, effective_at from survey_response_versions"
    " where workspace_id = :workspace_id and response_id = :id order by version"
)
_OF_CONTACT = text(f"{_OWN} and contact_id = :contact_id order by id for update")
_ERASE = text(
    """
    update survey_responses
    set contact_id = null, invitation_id = null, comment = null, answers = cast(:answers as jsonb),
        erased_at = :now, version = version + 1, updated_at = clock_timestamp()
    where workspace_id = :workspace_id and id = :id
    """
)
_ERASE_VERSION = text(
    """
    update survey_response_versions
    set comment = null, answers = cast(:answers as jsonb), cause = '[]'
    where workspace_id = :workspace_id and response_id = :id and version = :version
    """
)


async def versions_of(uow: UnitOfWork, response_id: UUID) -> list[KeptVersion]:
    return await uow.rows(KeptVersion, _VERSIONS, id=response_id)


async def responses_of_contact(uow: UnitOfWork, contact_id: UUID) -> list[Response]:
    """Locked."""
    return await uow.rows(Response, _OF_CONTACT, contact_id=contact_id)


async def erase(
    uow: UnitOfWork, response_id: UUID, answers: Mapping[str, Any], now: datetime
) -> None:
    await uow.run(_ERASE, id=response_id, answers=to_json(answers).decode(), now=now)


async def erase_version(
    uow: UnitOfWork, response_id: UUID, version: int, answers: Mapping[str, Any]
) -> None:
    written = to_json(answers).decode()
    await uow.run(_ERASE_VERSION, id=response_id, version=version, answers=written)

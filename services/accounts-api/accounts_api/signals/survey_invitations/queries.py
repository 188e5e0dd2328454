from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from accounts_api.signals.survey_invitations.models import Invitation
from shared.events.records import EmailStatus
from shared.ids import new_id
from shared.uow import UnitOfWork

_LOCK_CONTACTS: Final = text(
    "select id from contacts where workspace_id = :workspace_id and id = any(:ids)"
    " and deleted_at is null order by id for no key update"
)
_LOCK_ACCOUNT: Final = text(
    "select pg_advisory_xact_lock("
    "hashtextextended(cast(cast(:workspace_id as uuid) as text) || ':asked:' || :account, 0))"
)


async def lock_contacts(uow: UnitOfWork, ids: Iterable[UUID]) -> set[UUID]:
    """Those of them that are there. Nobody else judges whether they were asked too recently until
    the transaction ends.
    """
    return set(await uow.values(UUID, _LOCK_CONTACTS, ids=sorted(set(ids))))


async def lock_account(uow: UnitOfWork, account_id: UUID) -> None:
    """Nobody else judges how many of its people were asked until the transaction ends. Writers of
    records do not wait for it.
    """
    await uow.run(_LOCK_ACCOUNT, account=str(account_id))


@dataclass(frozen=True, slots=True)
class KnownOf:
    """What the gates ask of one contact."""

    contact_id: UUID
    email_status: EmailStatus
    deactivated_at: datetime | None
    account_id: UUID | None
    account_name: str | None
    churned: bool
    asked_at_account: int
    same_at: datetime | None
    any_at: datetime | None
    any_survey_id: UUID | None
    any_survey_title: str | None


# An account that has not churned goes before one that has; the oldest link decides the rest. One
# that is named must be theirs. Who answered without an invitation was asked all the same.
_KNOWN: Final = """
    select c.id as contact_id, c.email_status, c.deactivated_at, a.id as account_id,
           a.name as account_name, coalesce(a.lifecycle_status = 'churned', false) as churned,
           coalesce(q.asked, 0) as asked_at_account, s.at as same_at, l.at as any_at,
           l.survey_id as any_survey_id,
           (select title from surveys t
            where t.workspace_id = :workspace_id and t.id = l.survey_id) as any_survey_title
    from contacts c {named}
    left join lateral (
        select o.id, o.name, o.lifecycle_status from account_contacts k
        join accounts o on o.workspace_id = :workspace_id and o.id = k.account_id
             and o.deleted_at is null and o.lifecycle_status <> 'ignored'
        where k.workspace_id = :workspace_id and k.contact_id = c.id {of_account}
        order by o.lifecycle_status = 'churned', k.created_at, o.id limit 1
    ) a on true
    left join lateral (
        select count(*) as asked from survey_invitations i
        where cast(:quota_since as timestamptz) is not null
          and i.workspace_id = :workspace_id and i.account_id = a.id
          and i.invited_at > :quota_since and i.withdrawn_at is null
    ) q on true
    left join lateral (
        select max(each.at) as at from (
            select i.invited_at as at from survey_invitations i
            where i.workspace_id = :workspace_id and i.contact_id = c.id
              and i.survey_id = :survey_id and i.withdrawn_at is null
            union all
            select r.responded_at from survey_responses r
            where r.workspace_id = :workspace_id and r.contact_id = c.id
              and r.survey_id = :survey_id and r.invitation_id is null
        ) each
    ) s on true
    left join lateral (
        select each.at, each.survey_id from (
            select i.invited_at as at, i.survey_id from survey_invitations i
            where i.workspace_id = :workspace_id and i.contact_id = c.id
              and i.withdrawn_at is null
            union all
            select r.responded_at, r.survey_id from survey_responses r
            where r.workspace_id = :workspace_id and r.contact_id = c.id
              and r.invitation_id is null
        ) each
        order by each.at desc, each.survey_id limit 1
    ) l on true
    where c.workspace_id = :workspace_id and c.deleted_at is null
"""
_KNOWN_OF: Final = text(
    _KNOWN.format(
        named="join unnest(cast(:ids as uuid[]), cast(:accounts as uuid[])) asked(id, account_id)"
        " on asked.id = c.id",
        of_account="and (asked.account_id is null or o.id = asked.account_id)",
    )
)
_KNOWN_OF_ALL: Final = text(_KNOWN.format(named="", of_account="") + " order by c.id")


async def known_of(
    uow: UnitOfWork,
    survey_id: UUID,
    asked: Mapping[UUID, UUID | None],
    quota_since: datetime | None,
) -> dict[UUID, KnownOf]:
    """Of contacts, with the account for which each is to be asked; None leaves it open."""
    rows = await uow.rows(
        KnownOf,
        _KNOWN_OF,
        survey_id=survey_id,
        quota_since=quota_since,
        ids=list(asked),
        accounts=list(asked.values()),
    )
    return {row.contact_id: row for row in rows}


def known_of_all(
    uow: UnitOfWork, survey_id: UUID, quota_since: datetime | None
) -> AsyncIterator[KnownOf]:
    """Of every living contact, in the order of their ids."""
    given = {"survey_id": survey_id, "quota_since": quota_since}
    return uow.stream(KnownOf, _KNOWN_OF_ALL, 1_000, **given)


_COLUMNS: Final = (
    "id, survey_id, contact_id, account_id, via, request_key, question_version, invited_at,"
    " expires_at, answered_at, withdrawn_at, created_at"
)
_OWN: Final = f"select {_COLUMNS} from survey_invitations where workspace_id = :workspace_id"
_ADD: Final = text(
    f"""
    insert into survey_invitations
        (workspace_id, id, survey_id, contact_id, account_id, via, request_key, question_version,
         invited_at, expires_at, cause)
    select :workspace_id, r.id, :survey_id, r.contact_id, r.account_id, :via, r.request_key,
           :question_version, :invited_at, :expires_at, cast(:cause as jsonb)
    from jsonb_to_recordset(cast(:rows as jsonb))
         as r(id uuid, contact_id uuid, account_id uuid, request_key text)
    returning {_COLUMNS}
    """
)
_BY_ID = text(f"{_OWN} and id = :id")
_LOCKED = text(f"{_OWN} and id = :id for update")
_REQUESTED = text(f"{_OWN} and survey_id = :survey_id and request_key = any(:keys)")
_WITHDRAW = text(
    "update survey_invitations set withdrawn_at = :now where workspace_id = :workspace_id"
    f" and id = :id returning {_COLUMNS}"
)
_PAGE = text(
    f"""
    {_OWN}
      and (cast(:survey_id as uuid) is null or survey_id = :survey_id)
      and (cast(:contact_id as uuid) is null or contact_id = :contact_id)
      and (cast(:account_id as uuid) is null or account_id = :account_id)
      and (cast(:at as timestamptz) is null or (invited_at, id) < (:at, :after))
    order by invited_at desc, id desc limit :limit
    """
)


@dataclass(frozen=True, slots=True)
class NewInvitation:
    contact_id: UUID
    account_id: UUID | None
    request_key: str | None


async def add_invitations(
    uow: UnitOfWork, rows: Sequence[NewInvitation], **same: Any
) -> dict[UUID, Invitation]:
    """By contact. `same` is what all of them have."""
    written = [
        {
            "id": new_id(),
            "contact_id": row.contact_id,
            "account_id": row.account_id,
            "request_key": row.request_key,
        }
        for row in rows
    ]
    same["cause"] = to_json(same["cause"]).decode()
    added = await uow.rows(Invitation, _ADD, rows=to_json(written).decode(), **same)
    return {one.contact_id: one for one in added}


async def requested(uow: UnitOfWork, survey_id: UUID, keys: Sequence[str]) -> dict[str, Invitation]:
    """Those that were made for these requests, by their keys."""
    rows = await uow.rows(Invitation, _REQUESTED, survey_id=survey_id, keys=list(keys))
    return {row.request_key: row for row in rows if row.request_key is not None}


async def invitation_by_id(
    uow: UnitOfWork, invitation_id: UUID, *, lock: bool = False
) -> Invitation | None:
    return await uow.row(Invitation, _LOCKED if lock else _BY_ID, id=invitation_id)


async def withdraw(uow: UnitOfWork, invitation_id: UUID, now: datetime) -> Invitation:
    return await uow.one(Invitation, _WITHDRAW, id=invitation_id, now=now)


_ANSWERED = text(
    "update survey_invitations set answered_at = :now where workspace_id = :workspace_id"
    " and id = :id and answered_at is null"
)


async def set_answered(uow: UnitOfWork, invitation_id: UUID, now: datetime) -> None:
    await uow.run(_ANSWERED, id=invitation_id, now=now)


async def invitations_page(
    uow: UnitOfWork,
    *,
    survey_id: UUID | None,
    contact_id: UUID | None,
    account_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Invitation]:
    """Latest first."""
    at, last = after or (None, None)
    return await uow.rows(
        Invitation,
        _PAGE,
        survey_id=survey_id,
        contact_id=contact_id,
        account_id=account_id,
        at=at,
        after=last,
        limit=limit,
    )

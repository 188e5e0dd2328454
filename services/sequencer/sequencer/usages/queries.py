from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class StoredDefinition:
    """A definition of a sequence as it is stored, whether it can be read or not."""

    id: UUID
    title: str
    definition: Mapping[str, object]


_IN_FORCE = text(
    """
    select s.id, s.title, s.draft as definition from sequences s
    where s.workspace_id = :workspace_id and s.state <> 'archived'
    union all
    select s.id, s.title, v.definition from sequences s
    join sequence_versions v on v.workspace_id = :workspace_id and v.sequence_id = s.id
    where s.workspace_id = :workspace_id and s.state <> 'archived'
      and (v.number = s.published_version or exists (
          select 1 from enrollments e
          where e.workspace_id = :workspace_id and e.sequence_id = s.id
            and e.sequence_version = v.number and e.state <> 'exited'))
    order by title, id
    """
)


async def definitions_in_force(uow: UnitOfWork) -> list[StoredDefinition]:
    """Drafts, published versions, and those that enrollments go by."""
    return await uow.rows(StoredDefinition, _IN_FORCE)


@dataclass(frozen=True, slots=True)
class OwnMailbox:
    id: UUID
    email: str


_MAILBOXES = text(
    "select id, email from mailboxes where workspace_id = :workspace_id and member_id = :member_id"
    " order by email, id"
)


async def mailboxes_of(uow: UnitOfWork, member_id: UUID) -> list[OwnMailbox]:
    return await uow.rows(OwnMailbox, _MAILBOXES, member_id=member_id)


@dataclass(frozen=True, slots=True)
class SentFor:
    """How many open enrollments a member's mailbox sends for."""

    key_role: str | None
    """The key role that chose the mailbox; None: the sequence names it."""
    enrollments: int


# An open enrollment sends through a named mailbox, or through that of the first holder of a role
# who is still here, or is the one who is asked about.
_SENT_FOR = text(
    """
    select v.definition -> 'sender' ->> 'key_role' as key_role, count(*) as enrollments
    from enrollments e
    join sequence_versions v on v.workspace_id = :workspace_id
      and v.sequence_id = e.sequence_id and v.number = e.sequence_version
    left join accounts a on a.workspace_id = :workspace_id and a.id = e.account_id
    left join mailboxes m on m.workspace_id = :workspace_id
      and m.id = cast(v.definition -> 'sender' ->> 'mailbox_id' as uuid)
    where e.workspace_id = :workspace_id and e.state <> 'exited'
      and (m.member_id = :member_id
           or (select h.id
               from jsonb_array_elements_text(
                   a.key_roles -> (v.definition -> 'sender' ->> 'key_role')
               ) with ordinality h(id, place)
               left join members p on p.workspace_id = :workspace_id and p.id = cast(h.id as uuid)
               where coalesce(p.active, true) or h.id = :member
               order by h.place limit 1) = :member)
    group by 1
    """
)


async def sent_for(uow: UnitOfWork, member_id: UUID) -> list[SentFor]:
    return await uow.rows(SentFor, _SENT_FOR, member_id=member_id, member=str(member_id))


_WITHOUT_SENDER = text(
    """
    select count(*) from enrollments e
    join sequence_versions v on v.workspace_id = :workspace_id
      and v.sequence_id = e.sequence_id and v.number = e.sequence_version
    left join accounts a on a.workspace_id = :workspace_id and a.id = e.account_id
    where e.workspace_id = :workspace_id and e.state <> 'exited'
      and v.definition -> 'sender' ->> 'key_role' is not null
      and not exists (
          select from jsonb_array_elements_text(
              a.key_roles -> (v.definition -> 'sender' ->> 'key_role')) h(id)
          left join members p on p.workspace_id = :workspace_id and p.id::text = h.id
          where coalesce(p.active, true))
    """
)


async def count_without_sender(uow: UnitOfWork) -> int:
    """Open enrollments whose mails nobody would send: no one who is here holds the key role."""
    return await uow.one_value(int, _WITHOUT_SENDER)

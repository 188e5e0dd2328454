from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python

from accounts_api.identity.audit_log import queries
from accounts_api.identity.audit_log.rows import AuditEntry
from shared.audit import difference, request_id
from shared.events.base import ConfigurationChanged
from shared.ids import new_id
from shared.uow import UnitOfWork

__all__ = ["difference", "list_entries", "record", "record_elsewhere"]


async def record(
    uow: UnitOfWork,
    action: str,
    target_type: str,
    target_id: UUID,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write down a change of the configuration, in the transaction of the change.

    `action` is `<noun>.<past participle>`, such as `member.deactivated`. `before` and `after` hold
    what differs; never a secret. Who acted is the unit of work's cause.
    """
    origin = uow.cause[0] if uow.cause else None
    await queries.insert_entry(
        uow,
        {
            "id": new_id(),
            "actor_type": origin.type if origin else "system",
            "actor_id": origin.id if origin else "system",
            "cause": [link.model_dump(exclude_none=True) for link in uow.cause],
            "action": action,
            "target_type": target_type,
            "target_id": target_id,
            "before": to_jsonable_python(before),
            "after": to_jsonable_python(after),
            "request_id": request_id(),
        },
    )


async def record_elsewhere(uow: UnitOfWork, fact: ConfigurationChanged) -> None:
    """Write down what another service says; said again, it stands there already."""
    heard = uow.handled_event
    if heard is None:
        raise LookupError("It is written down as the effect of an event.")
    origin = heard.cause[0] if heard.cause else None
    await queries.insert_entry(
        uow,
        {
            "id": heard.id,
            "at": heard.recorded_at,
            "actor_type": origin.type if origin else "system",
            "actor_id": origin.id if origin else "system",
            "cause": [link.model_dump(exclude_none=True) for link in heard.cause],
            "service": fact.service,
            **fact.model_dump(),
        },
    )


async def list_entries(
    uow: UnitOfWork,
    *,
    before_id: UUID | None,
    target_id: UUID | None,
    action: str | None,
    limit: int,
) -> list[AuditEntry]:
    return await queries.entries_page(
        uow, before_id=before_id, target_id=target_id, action=action, limit=limit
    )

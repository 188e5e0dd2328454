"""The audit log of what a workspace configures: one list, kept by the accounts service.

The other services publish each change in its own transaction; the accounts service stores what it
receives.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from pydantic_core import to_jsonable_python

from shared.events.base import ConfigurationChanged
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Audit:
    """Publishes the configuration changes of one service."""

    event: type[ConfigurationChanged]

    def record(
        self,
        uow: UnitOfWork,
        action: str,
        target_id: UUID | None = None,
        *,
        key: str | None = None,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> None:
        """Publish one change.

        `action` is `<noun>.<past participle>`, such as `mailbox.updated`; the noun is what it is
        about, named by its id or else by its key. `before` and `after` hold what differs; never a
        secret, nor what says who somebody is.
        """
        fact = self.event(
            action=action,
            target_type=action.partition(".")[0],
            target_id=target_id,
            target_key=key,
            before=to_jsonable_python(before),
            after=to_jsonable_python(after),
            request_id=request_id(),
        )
        uow.publish(fact)

    def record_difference(
        self, uow: UnitOfWork, action: str, target_id: UUID, before: dict[str, Any], now: object
    ) -> None:
        """Record how the attributes in `before` changed; nothing when all are the same."""
        after = attributes(now, *before)
        was, becomes = difference(before, after)
        if becomes:
            self.record(uow, action, target_id, before=was, after=becomes)


def attributes(thing: object, *names: str) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in names}


def difference(
    before: dict[str, Any], after: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What changed, on both sides."""
    changed = [key for key in after if before.get(key) != after[key]]
    return {key: before.get(key) for key in changed}, {key: after[key] for key in changed}


def request_id() -> str | None:
    """Of the request that is being served; None in a worker."""
    request_id: str | None = structlog.contextvars.get_contextvars().get("request_id")
    return request_id

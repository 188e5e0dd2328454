"""Quiet writes: what comes in without starting anything. The chain of causes carries it: whatever
follows from a quiet write is quiet, too, in every service.

A write is quiet under a batch, so that a person can see what it would have started, and let it.
"""

from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field
from typing_extensions import TypeAliasType

from shared.events.base import Cause

Automation = TypeAliasType(
    "Automation",
    Annotated[
        Literal["run", "quiet"],
        Field(
            description="What follows from a write: `run` lets sequences, tasks, notifications and"
            " webhooks follow as always. `quiet` starts none of them; statuses, segments and search"
            " follow all the same. See `GET /v1/quiet-batches`."
        ),
    ],
)
_LINK: Final = "quiet_batch"


def quietly(cause: Iterable[Cause], batch_id: UUID, label: str | None) -> tuple[Cause, ...]:
    """The chain of a write that starts nothing."""
    return (*cause, Cause(type=_LINK, id=str(batch_id), label=label))


def quiet_batch_of(cause: Iterable[Cause | Mapping[str, Any]]) -> UUID | None:
    """The batch under which something is quiet, None for what may start other things."""
    for link in cause:
        kind, id_ = (
            (link.type, link.id) if isinstance(link, Cause) else (link.get("type"), link.get("id"))
        )
        if kind == _LINK:
            return UUID(id_)
    return None


def origin_of(cause: Iterable[Cause]) -> tuple[Cause, ...]:
    """Who or what wrote quietly: the chain before the batch."""
    return tuple(takewhile(lambda link: link.type != _LINK, cause))


def aloud(cause: Iterable[Cause]) -> tuple[Cause, ...]:
    """The chain of what follows from the passing of time, whoever wrote what it is about."""
    return tuple(link for link in cause if link.type != _LINK)

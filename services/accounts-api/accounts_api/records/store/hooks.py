"""What must happen in the transaction of a record's change, without this feature knowing whose need
it is: `wiring.py` names the features above.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from accounts_api.records.schema.rules import RecordState
from shared.events.records import ChangeKind
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class RecordChange:
    """One record's change. `fields` are names as rules use them: `arr`, `traits.tier`,
    `account_id`, `accounts` (a contact's links), `key_roles.csm`; of a creation, what was set.

    `before` is None for a creation. A state's ids are text; `accounts` holds
    `{"account_id", "plan_roles"}`, `key_roles` the holders' ids by role.
    """

    id: UUID
    change: ChangeKind
    fields: frozenset[str]
    before: RecordState | None
    after: RecordState
    merged_into: UUID | None = None
    """The winner, of a record that was merged away."""
    since: datetime | None = None
    """The earliest instant that the change was told of, if it was."""
    corrected: frozenset[str] = frozenset()
    """Names of fields of which only the past is another: they became something else later."""
    held_since: Mapping[str, datetime] = field(default_factory=dict)
    """By name, since when fields have been what they are now, of those that were told of."""
    told_since: Mapping[str, datetime] = field(default_factory=dict)
    """By name, the earliest instant that was told of each field, of `created` and `deleted`, too:
    from there on its past may be another.
    """


Listener = Callable[[UnitOfWork, str, Sequence[RecordChange]], Awaitable[None]]
"""(uow, record type, changes)."""


@dataclass(frozen=True, slots=True)
class RecordHooks:
    on_changes: Sequence[Listener]
    """Called in this order with every batch of changes."""


async def notify(uow: UnitOfWork, record_type: str, changes: Sequence[RecordChange]) -> None:
    if changes:
        for listener in uow.wired(RecordHooks).on_changes:
            await listener(uow, record_type, changes)

"""Rows that become holdings of key roles: who held which on an account, since when and until when.

What a file tells of one key role of an account is told together, as changes of its holders at
their instants: they are facts like any other, and what is known to have come later stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError

from accounts_api.customers.import_destinations.destination import (
    Identity,
    Importer,
    Row,
    refused,
    unreadable,
)
from accounts_api.customers.import_destinations.rules import Target, of_fields
from accounts_api.customers.key_roles.schemas import HoldingRow
from accounts_api.identity.members.service import known_members
from accounts_api.records.editing.edits import Edit, Outcome
from accounts_api.records.editing.timeline import Timeline
from accounts_api.records.holdings.rules import (
    Holders,
    Stint,
    changes_to,
    same_time,
    stints,
    with_told,
)
from accounts_api.records.holdings.service import (
    KnownKeyRole,
    key_role_definitions,
    stored_key_roles,
)
from accounts_api.records.schema.errors import NotWritten
from accounts_api.records.schema.record_schemas import ACCOUNT, RecordSchema
from accounts_api.records.schema.rules import RecordState, field_of
from accounts_api.records.store import service as store
from shared.batches import isolate_failures
from shared.bulk import WriteStatus
from shared.errors import AppError, Fault
from shared.rules.types.fold import fold
from shared.spelling import suggestion
from shared.uow import UnitOfWork

_TARGETS: Final = of_fields(
    HoldingRow,
    {"member_id": "member", "valid_from": "datetime", "valid_to": "datetime"},
    former_members=("member_id",),
)
_Rows = Sequence[Row[HoldingRow] | Outcome]


@dataclass(frozen=True, slots=True)
class _Known:
    """What the rows name, as it is."""

    now: datetime
    roles: Mapping[str, KnownKeyRole]
    """By key and title, folded."""
    by_id: Mapping[str, str]
    by_external_id: Mapping[str | None, UUID]
    states: Mapping[str, RecordState]
    timelines: Mapping[str, Timeline]
    members: Mapping[UUID, bool]
    """Whether they are active."""

    def account(self, said: HoldingRow) -> RecordState | None:
        if said.account_id is not None:
            return self.states.get(self.by_id.get(str(said.account_id), ""))
        return self.states.get(str(self.by_external_id.get(said.account_external_id)))

    def holders(self, account: RecordState, role: KnownKeyRole) -> Holders:
        """Since the account's first instant."""
        timeline, name = self.timelines[account["id"]], f"key_roles.{role.key}"
        facts = timeline.facts.get(name, ())
        began = timeline.began[name] if facts else field_of(account, name)
        changes = ((fact.valid_from, fact.new or ()) for fact in facts)
        return Holders(timeline.born, (), [(timeline.born, began or ()), *changes])


@dataclass(slots=True)
class _Holding:
    """All that is told of one key role of an account."""

    account: RecordState
    role: KnownKeyRole
    told: dict[int, Stint] = field(default_factory=dict)
    """By the place of the row."""
    edits: Sequence[Edit] = ()


@dataclass(frozen=True, slots=True)
class KeyRoleHoldingDestination:
    permission: str = "records:write"
    identity: Identity = (("account_id", "account_external_id"), ("key_role",))
    schema: RecordSchema = ACCOUNT
    links_accounts: bool = False

    async def targets(self, _uow: UnitOfWork) -> Mapping[str, Target]:
        return _TARGETS

    def row(
        self, values: Mapping[str, Any], *, allow_implausible: bool
    ) -> Row[HoldingRow] | Outcome:
        del allow_implausible
        try:
            said = HoldingRow.model_validate(values)
        except ValidationError as error:
            return unreadable(values, error)
        return Row(said, external_id=said.account_external_id)

    async def plan(self, uow: UnitOfWork, importer: Importer, rows: _Rows) -> list[Outcome]:
        outcomes, holdings = await _judged(uow, rows, lock=False)
        edits = [edit for holding in holdings for edit in holding.edits]
        planned = iter(await store.plan(uow, ACCOUNT, edits, importer.writer))
        for holding in holdings:
            errors = [one.error for one in islice(planned, len(holding.edits)) if one.error]
            if errors:
                _refuse(outcomes, holding, errors[0])
        return [outcomes[place] for place in range(len(rows))]

    async def write(self, uow: UnitOfWork, importer: Importer, rows: _Rows) -> list[Outcome]:
        outcomes, holdings = await _judged(uow, rows, lock=True)

        async def write_some(some: Sequence[_Holding]) -> None:
            """All that is told of a key role, or nothing."""
            edits = [edit for holding in some for edit in holding.edits]
            for written in await store.write(uow, ACCOUNT, edits, importer.writer):
                if written.error is not None:
                    raise written.error

        async def refuse(holding: _Holding, error: Exception) -> None:
            _refuse(outcomes, holding, error if isinstance(error, AppError) else NotWritten())

        await isolate_failures(uow, holdings, write_some, refuse)
        return [outcomes[place] for place in range(len(rows))]


async def _judged(
    uow: UnitOfWork, rows: _Rows, *, lock: bool
) -> tuple[dict[int, Outcome], list[_Holding]]:
    """What becomes of each row, by its place, and what is to be written for that."""
    known = await _look_up(uow, [row.said for row in rows if isinstance(row, Row)], lock=lock)
    outcomes: dict[int, Outcome] = {}
    holdings: dict[tuple[str, str], _Holding] = {}
    for place, row in enumerate(rows):
        if isinstance(row, Outcome):
            outcomes[place] = row
            continue
        said, account = row.said, known.account(row.said)
        role = known.roles.get(fold(said.key_role))
        faults = _faults(known, said, account, role)
        if faults or account is None or role is None:
            outcomes[place] = refused(faults, row.external_id)
            continue
        holding = holdings.setdefault((account["id"], role.key), _Holding(account, role))
        holding.told[place] = Stint(str(said.member_id), said.valid_from, said.valid_to)
    for holding in holdings.values():
        _settle(holding, known.holders(holding.account, holding.role), outcomes)
    return outcomes, [holding for holding in holdings.values() if holding.edits]


async def _look_up(uow: UnitOfWork, rows: Sequence[HoldingRow], *, lock: bool) -> _Known:
    """`lock`: nobody else changes who holds what on these accounts any more."""
    await key_role_definitions(uow)  # makes the usual four
    by_id = await store.living(
        uow, ACCOUNT, {str(row.account_id) for row in rows if row.account_id}
    )
    named = {row.account_external_id for row in rows if row.account_external_id is not None}
    by_external_id = await store.living_named(uow, ACCOUNT, named)
    ids = sorted({*by_id.values(), *map(str, by_external_id.values())})
    if lock:
        states, _ = await store.locked(uow, ACCOUNT, ids)
    else:
        states = await store.states_of(uow, ACCOUNT, ids)
    return _Known(
        now=await uow.now(),
        roles={
            fold(name): role
            for role in await stored_key_roles(uow)
            for name in (role.title, role.key)
        },
        by_id=by_id,
        by_external_id=by_external_id,
        states={state["id"]: state for state in states},
        timelines=await store.timelines_of(uow, ACCOUNT, ids),
        members={
            member.id: member.active
            for member in await known_members(uow, {row.member_id for row in rows})
        },
    )


def _faults(
    known: _Known, said: HoldingRow, account: RecordState | None, role: KnownKeyRole | None
) -> list[Fault]:
    faults = []
    if account is None:
        name = "account_external_id" if said.account_id is None else "account_id"
        faults.append(Fault(f"/{name}", "unknown_account", "There is no such account."))
    elif said.valid_from < (born := known.timelines[account["id"]].born):
        message = f"The first instant of this account is {born.isoformat()}."
        faults.append(Fault("/valid_from", "before_the_record", message))
    if role is None:
        message = f"There is no key role {said.key_role[:100]!r}."
        near = suggestion(said.key_role, known.roles)
        faults.append(Fault("/key_role", "unknown_key_role", message, near))
    is_active = known.members.get(said.member_id)
    if is_active is None:
        faults.append(Fault("/member_id", "unknown_member", "There is no such member."))
    elif said.valid_to is None and not is_active:
        message = "The member was deactivated: say until when they held it."
        faults.append(Fault("/valid_to", "required", message))
    for name, at in (("valid_from", said.valid_from), ("valid_to", said.valid_to)):
        if at is not None and at > known.now:
            message = f"It is {known.now.isoformat()} by the workspace's clock: that is to come."
            faults.append(Fault(f"/{name}", "in_the_future", message))
    if said.valid_to is not None and said.valid_to <= said.valid_from:
        message = "They would have ended to hold it before they began."
        faults.append(Fault("/valid_to", "end_before_start", message))
    return faults


def _settle(holding: _Holding, holders: Holders, outcomes: dict[int, Outcome]) -> None:
    before = list(stints(holders))
    told = with_told(holders, list(holding.told.values()), multi=holding.role.multi)
    account_id, external_id = holding.account["id"], holding.account["external_id"]
    if told.against:
        for place, stint in holding.told.items():
            faults = [_overlapping(told.against.get(stint))]
            outcomes[place] = refused(faults, external_id)
        return
    holding.edits = [
        Edit(
            mode="update",
            id=account_id,
            key_roles={holding.role.key: members},
            effective_at=at,
            allows_implausible=True,
            names_former=True,
        )
        for at, members in changes_to(holders, told.stints)
    ]
    counted: set[Stint] = set(before)
    for place, stint in holding.told.items():
        held = next(one for one in told.stints if same_time(one, stint))
        was_known = any(same_time(one, held) for one in before)
        status: WriteStatus = (
            "unchanged" if held in counted else "updated" if was_known else "created"
        )
        counted.add(held)
        outcomes[place] = Outcome(status, account_id, external_id)


def _overlapping(other: Stint | None) -> Fault:
    message = "Another row of this key role overlaps the time of somebody else."
    if other is not None:
        until = "now" if other.valid_to is None else other.valid_to.isoformat()
        message = (
            f"From {other.valid_from.isoformat()} until {until} somebody else holds it, and one"
            " member at a time does."
        )
    return Fault("/valid_from", "overlapping_holding", message)


def _refuse(outcomes: dict[int, Outcome], holding: _Holding, error: AppError) -> None:
    external_id = holding.account["external_id"]
    for place in holding.told:
        outcomes[place] = Outcome("rejected", external_id=external_id, error=error)

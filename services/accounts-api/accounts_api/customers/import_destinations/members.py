"""Rows that become members. Nobody hears of it: an invitation is another thing than a member."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from accounts_api.customers.import_destinations.destination import (
    Identity,
    Importer,
    Row,
    unreadable,
)
from accounts_api.customers.import_destinations.rules import Target, of_fields
from accounts_api.identity.members import service as members
from accounts_api.identity.members.schemas import MemberRow
from accounts_api.records.editing.edits import Outcome
from accounts_api.records.store.service import each_row
from shared.errors import AppError
from shared.uow import UnitOfWork

_TARGETS: Final = of_fields(MemberRow, {"active": "boolean"})


@dataclass(frozen=True, slots=True)
class MemberDestination:
    permission: str = "members:write"
    identity: Identity = (("email",),)
    schema: None = None
    links_accounts: bool = False

    async def targets(self, _uow: UnitOfWork) -> Mapping[str, Target]:
        return _TARGETS

    def row(
        self, values: Mapping[str, Any], *, allow_implausible: bool
    ) -> Row[MemberRow] | Outcome:
        del allow_implausible
        said = dict(values)
        if isinstance(role := said.get("role"), str):
            # Elsewhere a role is written as people read it: Team Member.
            said["role"] = role.strip().lower().replace(" ", "_")
        try:
            row = MemberRow.model_validate(said)
        except ValidationError as error:
            return unreadable(said, error)
        return Row(row, external_id=row.external_id)

    async def plan(
        self, uow: UnitOfWork, importer: Importer, rows: Sequence[Row[MemberRow] | Outcome]
    ) -> list[Outcome]:
        """Seats, addresses and the last admin are judged as they are when it is written, and then
        that is taken back.
        """
        told = len(uow.events)
        async with uow.savepoint() as savepoint:
            outcomes = await self.write(uow, importer, rows)
            await savepoint.rollback()
        uow.take_back(told)
        return outcomes

    async def write(
        self, uow: UnitOfWork, importer: Importer, rows: Sequence[Row[MemberRow] | Outcome]
    ) -> list[Outcome]:
        await members.lock_membership(uow)

        async def write_some(some: Sequence[Row[MemberRow] | Outcome]) -> list[Outcome]:
            return [
                row if isinstance(row, Outcome) else await _written(uow, importer, row)
                for row in some
            ]

        return await each_row(uow, rows, write_some)


async def _written(uow: UnitOfWork, importer: Importer, row: Row[MemberRow]) -> Outcome:
    """A refusal costs the row alone, without trying those beside it again."""
    told = len(uow.events)
    try:
        async with uow.savepoint():
            member, status = await members.write_row(uow, importer.caller, row.said)
    except AppError as error:
        uow.take_back(told)
        return Outcome("rejected", external_id=row.external_id, error=error)
    return Outcome(status, str(member.id), member.external_id, member.version)

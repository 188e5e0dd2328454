"""Rows of a file, read as its destination takes them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from accounts_api.customers.import_destinations.destination import Destination, Identity
from accounts_api.customers.import_destinations.rules import Target
from accounts_api.customers.import_reading.errors import OtherRowRejected
from accounts_api.customers.import_reading.rules import CellFault, Members, Reading, together
from accounts_api.customers.imports.models import Import
from accounts_api.customers.imports.rules import detected_formats
from accounts_api.identity.members.service import known_members
from accounts_api.language.spreadsheets.csv_cells import plain
from accounts_api.language.spreadsheets.formats import Formats
from accounts_api.records.editing.edits import Outcome
from accounts_api.records.schema.errors import NotWritten
from shared.errors import AppError
from shared.logging import get_logger
from shared.mail.addresses import email_key
from shared.uow import UnitOfWork

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Read:
    """A row of the file as its destination takes it, or why it does not."""

    number: int
    values: dict[str, Any]
    wanted: Any
    """As its destination has it, or the `Outcome` that refuses it."""
    faults: Sequence[CellFault]

    def identity(self, groups: Identity) -> tuple[tuple[str, str], ...] | None:
        """What it is about, faulty or not; None for what does not say."""
        named = [
            next(((name, str(self.values[name])) for name in group if self.values.get(name)), None)
            for group in groups
        ]
        said = tuple(one for one in named if one is not None)
        return said if len(said) == len(groups) else None


async def read_rows(
    uow: UnitOfWork,
    job: Import,
    into: Destination[Any],
    rows: Sequence[tuple[int, list[str]]],
) -> tuple[list[Read], Reading]:
    known = await into.targets(uow)
    reading = Reading(
        job.columns,
        job.mapping,
        known,
        job.amounts,
        job.empty_cells,
        linked=into.links_accounts,
        formats=await _formats(uow, job, known),
        evidence=job.evidence,
    )
    known_by_email = await known_members(uow, email_keys=_addresses(reading, rows))
    members = Members(
        {member.email_key: str(member.id) for member in known_by_email if member.active},
        {member.email_key: str(member.id) for member in known_by_email},
    )
    return [_read_row(job, reading, members, into, *row) for row in rows], reading


def _read_row(
    job: Import,
    reading: Reading,
    members: Members,
    into: Destination[Any],
    number: int,
    cells: list[str],
) -> Read:
    """One row that nobody can read costs itself."""
    try:
        values, faults = reading.row(cells, members)
        wanted = into.row(values, allow_implausible=job.allow_implausible)
    except Exception:
        log.exception("a row could not be read", row=number)
        fault = CellFault(None, NotWritten.code, "This row could not be read; we have been told.")
        return Read(number, {}, Outcome("rejected", error=NotWritten()), [fault])
    if faults:
        external_id = values.get("external_id")
        wanted = Outcome("rejected", external_id=external_id, error=AppError())
    return Read(number, values, wanted, faults)


async def _formats(uow: UnitOfWork, job: Import, known: Mapping[str, Target]) -> Formats:
    shown = detected_formats(job.evidence, job.mapping, known)
    order, decimals = (guess.value if guess else None for guess in shown.values())
    return Formats(job.dates or order, job.decimals or decimals, await uow.zone())


def _addresses(reading: Reading, rows: Sequence[tuple[int, list[str]]]) -> set[str]:
    """Keys of the e-mail addresses of members that the rows name."""
    places = [
        place
        for place, column in enumerate(reading.columns)
        if (target := reading.known.get(reading.mapping.get(column) or ""))
        and target.type in {"member", "members"}
    ]
    cells = (row[place] for _, row in rows for place in places if place < len(row))
    keys = {email_key(part) for cell in cells for part in plain(cell).split(";")}
    return {key for key in keys if key is not None}


Plan = Callable[[Sequence[Any]], Awaitable[Sequence[Outcome]]]


async def stand_together(read: list[Read], groups: Identity, plan: Plan) -> list[Read]:
    """`read`, with every row refused that is about the same as another row that will be, as `plan`
    answers.
    """
    identities = [row.identity(groups) for row in read]
    named = [identity for identity in identities if identity is not None]
    if len(named) == len(set(named)):
        return read
    planned = await plan([row.wanted for row in read])
    rejected = [at for at, outcome in enumerate(planned) if outcome.status == "rejected"]
    others = together(identities, rejected)
    return [
        replace(row, wanted=_refused_with(row, read[others[at]].number)) if at in others else row
        for at, row in enumerate(read)
    ]


def _refused_with(row: Read, other: int) -> Outcome:
    error = OtherRowRejected(f"Row {other} is about the same record and is rejected.")
    return Outcome("rejected", external_id=row.values.get("external_id"), error=error)


def faults_of(row: Read, outcome: Outcome, reading: Reading) -> Sequence[CellFault]:
    """All that is wrong with a row, by column."""
    if row.faults or outcome.error is None:
        return row.faults
    error = outcome.error
    if not error.faults:
        return [CellFault(None, error.code, error.detail or error.title)]
    return [
        CellFault(reading.at(fault.pointer), fault.code, fault.message) for fault in error.faults
    ]

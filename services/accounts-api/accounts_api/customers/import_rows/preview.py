"""What an import would do: its first rows planned, and written and taken back."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final
from uuid import UUID

from pydantic_core import from_json

from accounts_api.customers.import_destinations.destination import Importer
from accounts_api.customers.import_destinations.elsewhere import Delivery, ServiceDestination
from accounts_api.customers.import_destinations.errors import PeerAway
from accounts_api.customers.import_destinations.service import AnyDestination, destination_of
from accounts_api.customers.import_reading.reading import (
    Plan,
    Read,
    faults_of,
    read_rows,
    stand_together,
)
from accounts_api.customers.import_reading.rules import CellFault
from accounts_api.customers.import_rows import queries
from accounts_api.customers.import_rows.queries import Duplicates
from accounts_api.customers.import_rows.service import kept
from accounts_api.customers.imports.errors import RecordTypeGone, WrongState
from accounts_api.customers.imports.models import Import
from accounts_api.customers.imports.service import CHUNK_ROWS, columns_of, get_import
from accounts_api.customers.querying.service import related_json
from accounts_api.evaluation.engine.service import evaluate_at_once, lock
from accounts_api.records.editing.edits import Outcome
from accounts_api.records.schema.record_schemas import RecordSchema
from shared.auth import Caller
from shared.errors import Unavailable
from shared.service import Service
from shared.uow import UnitOfWork

_LOOKED_AT: Final = 4
"""Chunks that a preview looks at."""
_SAMPLES: Final = 20


async def preview(service: Service, caller: Caller, import_id: UUID) -> dict[str, Any]:
    """What the first rows would do; nothing is stored."""
    async with service.units.begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        job = await get_import(uow, import_id)
        kept(job)
        if job.status != "ready":
            raise WrongState(f"It is {job.status}.", import_status=job.status)
        cells: list[tuple[int, list[str]]] = []
        for number in range(_LOOKED_AT):
            cells += await queries.chunk_rows(uow, import_id, job.upload_id, number) or ()
        into = await destination_of(uow, job.record_type)
        if into is None:
            raise RecordTypeGone
        read, reading = await read_rows(uow, job, into, cells)
        duplicates = await _duplicates(uow, job, into)
    read, outcomes = await _planned(service, caller, job, into, read)
    told = [
        (row, out, faults_of(row, out, reading)) for row, out in zip(read, outcomes, strict=True)
    ]
    counted = Counter(outcome.status for outcome in outcomes)
    entered: Counter[tuple[str, str]] = Counter()
    for start in range(0, len(read), CHUNK_ROWS):
        some = [row.wanted for row in read[start : start + CHUNK_ROWS]]
        entered += await _segments_entered(service, caller, into, some)
    return {
        "rows": job.rows,
        "checked_rows": len(cells),
        **{status: counted[status] for status in ("created", "updated", "unchanged", "rejected")},
        "faults": _gathered(told),
        "duplicates": duplicates,
        "segments": [
            {"segment_id": segment_id, "title": title, "records": records}
            for (segment_id, title), records in entered.most_common()
        ],
        "samples": [_sample(*one) for one in told[:_SAMPLES]],
    }


async def _planned(
    service: Service, caller: Caller, job: Import, into: AnyDestination, read: list[Read]
) -> tuple[list[Read], Sequence[Outcome]]:
    """The rows that stand together, and what would become of each."""
    importer = Importer.of(caller)

    async def answers(plan: Plan) -> tuple[list[Read], Sequence[Outcome]]:
        together = await stand_together(read, into.identity, plan)
        return together, await plan([row.wanted for row in together])

    if isinstance(into, ServiceDestination):
        delivery = Delivery(job.id, job.file_name, job.automation, job.next_chunk)
        try:
            return await answers(partial(into.send, service, importer, delivery, dry_run=True))
        except PeerAway as error:
            raise Unavailable(f"The {into.peer} service does not answer.") from error
    # What cannot be planned is written and taken back.
    async with service.units.begin(caller.workspace_id, caller.cause) as uow:
        return await answers(partial(into.plan, uow, importer))


async def _duplicates(uow: UnitOfWork, job: Import, into: AnyDestination) -> dict[str, Any]:
    """Records of the whole file that several rows are about."""
    places = columns_of(job, into.identity)
    rows: Sequence[Duplicates] = ()
    if places:
        rows = await queries.duplicate_rows(uow, job.id, job.upload_id, places, _SAMPLES)
    return {
        "records": rows[0].records if rows else 0,
        "rows": rows[0].all_rows if rows else 0,
        "samples": [{"id": row.id, "rows": row.rows} for row in rows],
    }


class _UndoneError(Exception):
    """Takes back what was written to look at what follows from it."""


async def _segments_entered(
    service: Service, caller: Caller, into: AnyDestination, wanted: Sequence[Any]
) -> Counter[tuple[str, str]]:
    """By id and title, how many records would come into each segment: the rows are written and
    evaluated as always, in a transaction that is taken back.
    """
    entered: Counter[tuple[str, str]] = Counter()
    if isinstance(into, ServiceDestination) or into.schema is None:
        return entered
    with suppress(_UndoneError):
        async with service.units.begin(caller.workspace_id, caller.cause) as uow:
            # Before the rows, as the worker has it that may be about to write to them.
            await lock(uow)
            outcomes = await into.write(uow, Importer.of(caller), wanted)
            ids = [
                each.id for each in outcomes if each.id and each.status in {"created", "updated"}
            ]
            before = await _segments_of(uow, into.schema, ids)
            await evaluate_at_once(uow)
            after = await _segments_of(uow, into.schema, ids)
            entered.update(segment for _, segment in after - before)
            raise _UndoneError
    return entered


async def _segments_of(
    uow: UnitOfWork, schema: RecordSchema, ids: Sequence[str]
) -> set[tuple[str, tuple[str, str]]]:
    """Records, each with the id and title of a segment that it is in."""
    of_records = await related_json(uow, schema, "segments", ids)
    return {
        (record_id, (segment["id"], segment["title"]))
        for record_id, related in of_records.items()
        for segment in from_json(related)
    }


Told = tuple[Read, Outcome, Sequence[CellFault]]


def _gathered(told: Sequence[Told]) -> list[dict[str, Any]]:
    """By column and code, the most frequent first."""
    found: dict[tuple[str | None, str], dict[str, Any]] = {}
    for row, _, faults in told:
        for fault in faults:
            known = found.setdefault(
                (fault.column, fault.code), {**fault.as_json(), "row": row.number, "rows": 0}
            )
            known["rows"] += 1
    return sorted(found.values(), key=lambda fault: -int(fault["rows"]))


def _sample(row: Read, outcome: Outcome, faults: Sequence[CellFault]) -> dict[str, Any]:
    created = outcome.status == "created"
    return {
        "row": row.number,
        "status": outcome.status,
        "record_id": None if created else outcome.id,
        "values": row.values,
        "errors": [fault.as_json() for fault in faults],
    }

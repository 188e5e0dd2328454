"""Asks accounts what time has made of formulas. Call it outside a transaction."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sequencer.mail.current_values.rules import CurrentValues, Wanted
from shared.auth import Subject
from shared.events.base import Cause
from shared.logging import get_logger
from shared.net.answers import Answer, OutgoingError
from shared.service import Service

log = get_logger(__name__)

AWAY: Final = "The values of today that it names are asked of accounts, which does not answer."
FORBIDDEN: Final = "The values of today that it names are of records that you may not read."
GONE: Final = "The values of today that it names are of a record that is not there any more."
_DEADLINE_SECONDS: Final = 3.0
_MOST_RECORDS: Final = 500
_MOST_FIELDS: Final = 200
_OK, _FORBIDDEN, _INVALID = 200, 403, 422


@dataclass(frozen=True, slots=True)
class Asker:
    """For whom accounts is asked."""

    service: Service
    workspace_id: UUID
    cause: Sequence[Cause]
    subject: Subject | None = None
    """None: no person is behind it."""


async def current_values(asker: Asker, wanted: Collection[Wanted]) -> CurrentValues:
    """One request for each record type. What was not answered is `lacking`."""
    requests = [
        _of_type(asker, record_type, some)
        for record_type in sorted({one.record_type for one in wanted})
        for some in _parts([one for one in sorted(wanted) if one.record_type == record_type])
    ]
    answers = await asyncio.gather(*requests)
    return CurrentValues(
        at=min((answer.at for answer in answers if answer.at is not None), default=None),
        known={one: value for answer in answers for one, value in answer.known.items()},
        lacking={one: why for answer in answers for one, why in answer.lacking.items()},
    )


def _parts(wanted: Sequence[Wanted]) -> list[list[Wanted]]:
    """What one request may ask for."""
    ids = list(dict.fromkeys(one.record_id for one in wanted))
    keys = sorted({one.key for one in wanted})
    parts = []
    for first in range(0, len(ids), _MOST_RECORDS):
        few = set(ids[first : first + _MOST_RECORDS])
        for begin in range(0, len(keys), _MOST_FIELDS):
            named = set(keys[begin : begin + _MOST_FIELDS])
            parts.append([one for one in wanted if one.record_id in few and one.key in named])
    return parts


async def _of_type(asker: Asker, record_type: str, wanted: Sequence[Wanted]) -> CurrentValues:
    keys = sorted({one.key for one in wanted})
    try:
        answer = await _judgements(asker, record_type, wanted, keys)
        if answer.status == _INVALID and (left := _without_faulty(answer, keys)) is not None:
            # A trait that was deleted has no value.
            answer = await _judgements(asker, record_type, wanted, left)
        if answer.status == _OK:
            return _read(wanted, answer.json())
        why = FORBIDDEN if answer.status == _FORBIDDEN else AWAY
        log.warning("no current values", status=answer.status, record_type=record_type)
    except OutgoingError as error:
        why = AWAY
        log.info("no current values", error=str(error), record_type=record_type)
    return CurrentValues(lacking=dict.fromkeys(wanted, why))


async def _judgements(
    asker: Asker, record_type: str, wanted: Sequence[Wanted], keys: Sequence[str]
) -> Answer:
    return await asker.service.ask(
        "accounts",
        "POST",
        "/internal/judgements",
        workspace_id=asker.workspace_id,
        cause=asker.cause,
        subject=asker.subject,
        json={
            "record_type": record_type,
            "ids": list(dict.fromkeys(str(one.record_id) for one in wanted)),
            "fields": [f"traits.{key}" for key in keys],
        },
        deadline=_DEADLINE_SECONDS,
    )


def _without_faulty(answer: Answer, keys: Sequence[str]) -> list[str] | None:
    """The keys that a refusal finds no fault with; None when it is about something else."""
    faulty = {str(error["pointer"]) for error in answer.json().get("errors", ())}
    left = [key for place, key in enumerate(keys) if f"/fields/{place}" not in faulty]
    return left if len(left) < len(keys) else None


def _read(wanted: Sequence[Wanted], answer: dict[str, Any]) -> CurrentValues:
    records = answer["records"]
    known, lacking = {}, {}
    for one in wanted:
        record = records.get(str(one.record_id))
        if record is None:
            lacking[one] = GONE
        else:
            known[one] = record.get("values", {}).get(f"traits.{one.key}")
    return CurrentValues(datetime.fromisoformat(answer["at"]), known, lacking)

"""What a rule sees of a record, from the JSON text that `sql.snapshot` makes of it."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from shared.rules.interpreter.evaluate import CountedEvents, Holding, Snapshot
from shared.rules.interpreter.needs import Needs
from shared.rules.types.catalog import FieldType


def read_snapshot(needs: Needs, text: str) -> Snapshot:
    return _read(needs, json.loads(text, parse_float=Decimal))


_READERS: Final[dict[FieldType, Callable[[Any], Any]]] = {
    FieldType.DATE: date.fromisoformat,
    FieldType.DATETIME: datetime.fromisoformat,
}


def _read(needs: Needs, given: Mapping[str, Any]) -> Snapshot:
    columns, link = dict(given["columns"]), dict(given["link"])
    for field in needs.fields.values():
        values = link if field.on_link else columns
        if field.trait is None and field.type in _READERS and values[field.source] is not None:
            values[field.source] = _READERS[field.type](values[field.source])
    return Snapshot(
        id=given["id"],
        columns=columns,
        traits=given["traits"],
        link=link,
        related={
            name: [_read(inner, other) for other in given["related"][name]]
            for name, (_, inner) in needs.related.items()
        },
        segments=frozenset(given["segments"]),
        roles=[
            Holding(role, member, datetime.fromisoformat(start), _instant(end))
            for role, member, start, end in given["roles"]
        ],
        changes={
            name: [datetime.fromisoformat(at) for at in instants if at is not None]
            for name, instants in given["changes"].items()
        },
        events={name: _counted(rows) for name, rows in given["events"].items()},
        event_values={name: _counted(rows) for name, rows in given["event_values"].items()},
    )


def _counted(rows: Iterable[tuple[str, int, str | None, Mapping[str, Any] | None]]) -> Any:
    return [
        CountedEvents(date.fromisoformat(day), count, contact, properties or {})
        for day, count, contact, properties in rows
    ]


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)

"""What a connector does that claims no more than it has, and the forms of JSON."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from pydantic_core import to_jsonable_python

from sync_worker.connectors.base import (
    Checkpoint,
    Deletions,
    Field,
    Intent,
    Json,
    Link,
    Outcome,
    Stream,
    Value,
)


def json_number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


class RecordDefaults:
    """Of a connector that claims no more than it has. What it does not claim is never asked for."""

    def usage(self, headers: Mapping[str, str]) -> str | None:
        return None

    async def deletions(self, link: Link, stream: Stream, at: Checkpoint) -> Deletions | None:
        raise NotImplementedError

    def recover(self, at: Checkpoint) -> Checkpoint | None:
        return None

    def encode(self, field: Field, value: Value) -> Json:
        """As JSON has it: days and instants by RFC 3339, a choice of several as a list."""
        return json_number(value) if isinstance(value, Decimal) else to_jsonable_python(value)

    async def write(self, link: Link, intents: Sequence[Intent]) -> Sequence[Outcome]:
        raise NotImplementedError

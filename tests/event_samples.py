"""An instance of any event, for tests that ask something of all of them.

`python -m tests.event_samples` writes the golden file of every event that has none yet. It never
changes one that is there: a golden file is what was once published, and must be read for ever.
"""

import json
import sys
import types
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel
from typing_extensions import TypeAliasType

from shared.events.registry import EVENTS

GOLDEN = Path(__file__).parent / "contracts" / "events"
Model = TypeVar("Model", bound=BaseModel)


def sample(model: type[Model]) -> Model:
    fields = model.model_fields.items()
    return model.model_validate({name: _value(field.annotation, name) for name, field in fields})


def _value(kind: Any, name: str) -> Any:
    if isinstance(kind, TypeAliasType):
        return _value(kind.__value__, name)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _value(inner[0], name)
    if origin is Literal:
        return inner[0]
    if origin in {Union, types.UnionType}:
        return _value(next(part for part in inner if part is not type(None)), name)
    if origin is list:
        return [_value(inner[0], name)]
    if origin is dict:
        key = "key" if inner[0] is str else _value(inner[0], name)
        return {key: _value(inner[1], name)}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return sample(kind).model_dump()
    plain = {
        UUID: UUID("0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d"),
        datetime: datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
        int: 7,
        bool: True,
    }
    return plain.get(kind, f"some {name}")


def main() -> None:
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, event in EVENTS.items():
        path = GOLDEN / f"{name}.json"
        if not path.exists():
            payload = sample(event).model_dump(mode="json")
            path.write_text(json.dumps(payload, indent=2) + "\n", encoding="utf-8")
            sys.stdout.write(f"wrote {path.name}\n")


if __name__ == "__main__":
    main()

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """The API of a workspace from an instant on."""

    id: UUID
    version: int
    at: datetime
    shape: dict[str, Any]
    changes: Sequence[Mapping[str, Any]]
    breaking: bool
    cause: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class TraitShape:
    record_type: str
    key: str
    title: str
    description: str | None
    type: str
    options: object
    depends_on: str | None
    currency: str | None
    required: bool
    minimum: Decimal | None
    maximum: Decimal | None
    pattern: str | None
    editable_by: str
    deprecated: bool
    result_type: str | None


@dataclass(frozen=True, slots=True)
class ObjectTypeShape:
    key: str
    title: str
    plural_title: str
    description: str | None
    archived: bool
    links: Sequence[str]

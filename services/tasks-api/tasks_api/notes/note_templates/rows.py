"""Note templates as they are stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Template:
    workspace_id: UUID
    key: str
    version: int
    title: str
    body: str
    fields: Sequence[Mapping[str, object]]
    required: Sequence[object]
    current: bool
    created_at: datetime


class NewTemplate(TypedDict):
    key: str
    version: int
    title: str
    body: str
    fields: Sequence[Mapping[str, object]]

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Generic
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table

from accounts_api.evaluation.rule_sets.rules import R


@dataclass(frozen=True, eq=False)
class RuleSet(Generic[R]):
    """Where the rules of one kind are stored, and the dataclass whose fields are their columns."""

    table: Table
    row: type[R]
    order: tuple[str, ...] = ("id",)
    """In which they decide."""

    @cached_property
    def columns(self) -> tuple[Column[Any], ...]:
        # Typing has no name for "a dataclass", which every row is.
        return tuple(self.table.c[field.name] for field in fields(self.row))  # type: ignore[arg-type]

    def among(self, workspace_id: UUID, which: Mapping[str, Any]) -> list[ColumnElement[bool]]:
        mine = [self.table.c[name] == value for name, value in which.items()]
        return [self.table.c.workspace_id == workspace_id, *mine]

"""Which status holds, given which rules match."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final, Literal, TypeVar
from uuid import UUID

from pydantic_core import from_json

from accounts_api.rules.catalog import Catalog, Field, FieldType
from accounts_api.rules.check import check
from accounts_api.rules.checked import Rule
from accounts_api.rules.syntax.json_form import read_json

RuleStatus = Literal["ignored", "churned", "trial"]
Status = Literal["ignored", "churned", "trial", "subscribed"]
PRECEDENCE: Final[tuple[RuleStatus, ...]] = ("ignored", "churned", "trial")
DEFAULT: Final[Status] = "subscribed"

R = TypeVar("R")


def ranked(rules: Iterable[tuple[RuleStatus, UUID, R]]) -> list[R]:
    """By precedence of their status; of one status, the older rule first."""
    return [rule for _, _, rule in sorted(rules, key=lambda r: (PRECEDENCE.index(r[0]), r[1]))]


def first(matched: Sequence[bool]) -> int | None:
    """The place of the rule that decides; None: the default holds."""
    return next((place for place, found in enumerate(matched) if found), None)


def since(mapped: datetime | None, matched_at: datetime, now: datetime) -> datetime:
    """A mapped date that has come, else the instant when the rule first matched."""
    return matched_at if mapped is None or mapped > now else mapped


@lru_cache(maxsize=1024)
def status_rule(catalog: Catalog, document: str) -> Rule:
    """A stored rule from its JSON text. Raises `RuleFaulty` when it can be used no more."""
    return check(read_json(from_json(document)), catalog, "account")


def date_field(catalog: Catalog, name: str) -> Field | None:
    """The account's own date of this name."""
    field = catalog.scope("account").fields.get(name)
    dated = field is not None and field.type in {FieldType.DATE, FieldType.DATETIME}
    return field if dated else None

"""What the columns of a file mean for a record."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from accounts_api.customers.import_destinations.rules import ImportTargetType, Target
from accounts_api.language.spreadsheets.evidence import Guess, Shown, guessed
from accounts_api.language.spreadsheets.formats import ORDERS, SIGNS
from shared.rules.types.fold import fold

AmountUnits = TypeAliasType(
    "AmountUnits",
    Annotated[
        Literal["minor", "major"],
        Field(
            description="How a file writes money: in `minor` units (4800000) or `major` ones"
            " (48000.00)."
        ),
    ],
)
EmptyCells = TypeAliasType(
    "EmptyCells",
    Annotated[
        Literal["leave", "clear"],
        Field(
            description="What an empty cell of a file says: `leave` the value as it is, or `clear`"
            " it."
        ),
    ],
)

_ALSO_CALLED: Final[Mapping[str, str]] = {
    "website": "domain",
    "web_site": "domain",
    "e_mail": "email",
    "email_address": "email",
    "company": "name",
    "company_name": "name",
    "account_name": "name",
    "name": "full_name",
    "job_title": "title",
    "expiration": "contract_expiration",
    "status": "active",
    "author": "author_id",
    "created_by": "author_id",
    "created": "authored_at",
    "created_at": "authored_at",
    "assignee": "assignee_id",
    "due": "due_at",
    "due_date": "due_at",
    "completed_at": "ended_at",
    "completed_by": "ended_by",
    "member": "member_id",
    "role": "key_role",
    "from": "valid_from",
    "start_date": "valid_from",
    "to": "valid_to",
    "end_date": "valid_to",
}


def proposed(columns: Sequence[str], known: Mapping[str, Target]) -> dict[str, str | None]:
    """A target for each column whose name says one. None for the others."""
    names: dict[str, str] = {}
    for target in known.values():
        names.setdefault(_said(target.name), target.name)
    for target in known.values():
        names.setdefault(_said(target.name.rpartition(".")[2]), target.name)
        names.setdefault(_said(target.title), target.name)
    for called, name in _ALSO_CALLED.items():
        if name in known:
            names.setdefault(called, name)
    mapping: dict[str, str | None] = {}
    for column in columns:
        target_name = names.get(_said(column))
        mapping[column] = None if target_name in mapping.values() else target_name
    return mapping


def _said(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", fold(name)).strip("_")


def detected_formats(
    evidence: Shown, mapping: Mapping[str, str | None], known: Mapping[str, Target]
) -> dict[str, Guess[Any] | None]:
    """What the file shows of its formats in the columns that are mapped to dates and numbers."""

    def columns(*types: ImportTargetType) -> list[str]:
        return [
            column
            for column, name in mapping.items()
            if (target := known.get(name or "")) and target.type in types
        ]

    return {
        "dates": guessed(evidence, columns("date", "datetime"), ORDERS),
        "decimals": guessed(evidence, columns("number", "amount"), SIGNS),
    }

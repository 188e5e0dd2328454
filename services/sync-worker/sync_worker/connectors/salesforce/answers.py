"""The forms of Salesforce's answers, as far as we read them. What has another form is no answer of
Salesforce, whatever its status says.
"""

from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
)

from sync_worker.connectors.base import Answer
from sync_worker.connectors.kit import forms
from sync_worker.connectors.salesforce.rows import is_id, parsed_instant

Form = TypeVar("Form")

_Word = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,10000}$")]
"""What can stand in a header."""
_Origin = Annotated[str, StringConstraints(pattern=r"^https?://[^/?#@\s\\]{1,300}/?$")]
_Path = Annotated[str, StringConstraints(pattern=r"^/services/[\x21-\x7e]{1,10000}$")]
_Instant = Annotated[datetime, BeforeValidator(parsed_instant)]


class _Answer(BaseModel):
    model_config = ConfigDict(strict=True)


class Granted(_Answer):
    """A session (RFC 6749 5.1, and where it is to be used)."""

    access_token: _Word
    instance_url: _Origin
    refresh_token: _Word | None = None


class Description(_Answer):
    fields: list[dict[str, Any]]


class RowsPage(_Answer):
    records: list[dict[str, Any]]
    done: bool
    next_path: _Path | None = Field(default=None, alias="nextRecordsUrl")


class DeletedRows(_Answer):
    rows: list[dict[str, Any]] = Field(alias="deletedRecords")
    covered_until: _Instant = Field(alias="latestDateCovered")
    earliest: _Instant = Field(alias="earliestDateAvailable")

    @property
    def ids(self) -> list[str]:
        """Of those that say which record they were."""
        named = (row.get("id") for row in self.rows)
        return [each for each in named if isinstance(each, str) and is_id(each)]


SAVED: Final = TypeAdapter(list[dict[str, Any]])
"""A result for each row of a collection."""


def read(answer: Answer, form: type[Form] | TypeAdapter[Form], what: str) -> Form:
    """Raises `Misshapen`."""
    return forms.read("a Salesforce org", answer, form, what)

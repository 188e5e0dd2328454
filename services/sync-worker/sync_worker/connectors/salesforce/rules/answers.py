"""The forms of Salesforce's answers, as far as we read them. What has another form is no answer of
Salesforce, whatever its status says.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from shared.net.answers import Answer, OutgoingError
from sync_worker.connectors.salesforce.rules.errors import Trouble
from sync_worker.connectors.salesforce.rules.values import parsed_instant

Form = TypeVar("Form")

_Word = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,10000}$")]
"""What can stand in a header."""
_Origin = Annotated[str, StringConstraints(pattern=r"^https?://[^/?#@\s\\]{1,300}/?$")]
_Path = Annotated[str, StringConstraints(pattern=r"^/services/[\x21-\x7e]{1,10000}$")]
_ID = re.compile(r"[A-Za-z0-9]{15,18}")
_Instant = Annotated[datetime, BeforeValidator(lambda given: parsed_instant(str(given)))]


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
        return [each for each in named if isinstance(each, str) and _ID.fullmatch(each)]


SAVED: Final = TypeAdapter(list[dict[str, Any]])
"""A result for each row of a collection."""


class Misshapen(Exception):
    """The answer is no answer of Salesforce."""

    def __init__(self, what: str, where: str) -> None:
        super().__init__(
            f"The answer to {what} does not have the form of Salesforce's: look at {where}. "
            "Is the address of the connection that of a Salesforce org?"
        )

    @property
    def trouble(self) -> Trouble:
        return Trouble("retry", str(self))


def read(answer: Answer, form: type[Form] | TypeAdapter[Form], what: str) -> Form:
    """Raises `Misshapen`."""
    adapter = form if isinstance(form, TypeAdapter) else TypeAdapter(form)
    try:
        given = answer.json()
        return adapter.validate_python(_storable(given) if _NUL in answer.body else given)
    except OutgoingError as error:
        raise Misshapen(what, "its JSON") from error
    except ValidationError as error:
        where = "".join(f"/{part}" for part in error.errors()[0]["loc"][:4])
        raise Misshapen(what, where[:200] or "the whole of it") from error


_NUL = b"\\u0000"


def _storable(value: Any) -> Any:
    """Without NUL, which is JSON and which no database stores."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, list):
        return [_storable(each) for each in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(each) for name, each in value.items()}
    return value


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,254}")


def readable_fields(described: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What we keep of the fields of an object. One without a usable name is none for us."""
    return [
        _readable_field(field)
        for field in described
        if isinstance(field.get("name"), str) and _NAME.fullmatch(field["name"])
    ]


def _readable_field(field: Mapping[str, Any]) -> dict[str, Any]:
    length, listed = field.get("length"), field.get("picklistValues")
    choices = (
        [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    )
    return {
        "name": field["name"],
        "label": str(field.get("label") or field["name"]),
        "type": str(field.get("type") or ""),
        "length": length if type(length) is int and length > 0 else None,
        "choices": [
            str(each["value"])
            for each in choices
            if each.get("active") is True and each.get("value")
        ],
    }

"""What connections to several systems ask for, and the types that they say it in.

A connection to a system is a subclass of `ConnectionIn` with its own fields; those of the type
`SecretStr` are sealed, the others are kept in the clear.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from shared.quiet import Automation
from shared.schemas import Currency, Email, In, OneLine, Slug, Title
from sync_worker.connectors.kit.jwt import check_key

__all__ = [
    "EVERY_SECONDS",
    "TITLE",
    "BaseUrl",
    "ConnectionIn",
    "Currency",
    "Email",
    "EverySeconds",
    "Host",
    "Port",
    "PrivateKey",
    "RecordConnectionIn",
    "SecretStr",
    "Text",
    "Title",
]

Host = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=253), OneLine
]
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), OneLine
]
BaseUrl = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=500, pattern=r"^https?://[^/?#\s]+/?$", to_lower=True
    ),
]
Port = Annotated[int, Field(ge=1, le=65_535)]
EverySeconds = Annotated[int, Field(ge=5, le=86_400)]
TITLE: Any = Field(description="What people call the connection.")
EVERY_SECONDS: Any = Field(description="The seconds between two runs.")


def _can_sign(value: SecretStr) -> SecretStr:
    check_key(value.get_secret_value())
    return value


PrivateKey = Annotated[SecretStr, AfterValidator(_can_sign)]


class ConnectionIn(In):
    """What every connection has; `system` is declared by its system."""

    system: Slug
    title: Annotated[Title, TITLE]
    every_seconds: Annotated[EverySeconds, EVERY_SECONDS] = 60


class RecordConnectionIn(ConnectionIn):
    """What every connection has that records are read from."""

    first_pull: Annotated[
        Automation,
        Field(
            description="What follows from the first pull, and from one that reads everything anew"
            " because the mapping has changed. `quiet`: nothing begins, and `GET"
            " /v1/quiet-batches/{id}`, with the id of the connection, shows what would have. `run`:"
            " sequences, tasks, notifications and webhooks follow as always."
        ),
    ] = "quiet"

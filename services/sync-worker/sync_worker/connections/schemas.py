"""What a connection is made of: for each system what its connector says."""

from datetime import datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, get_args
from uuid import UUID

from pydantic import ConfigDict, Field, create_model
from typing_extensions import TypeAliasType

from shared.schemas import Out, Patch
from sync_worker.connections.rows import ConnectionStatus
from sync_worker.connectors import registry

EXAMPLES = {
    each.spec.key: {
        "summary": each.spec.title,
        "value": each.spec.settings.model_config["json_schema_extra"]["examples"][0],
    }
    for each in registry.CONNECTORS
}

ConnectedSystem = TypeAliasType(
    "ConnectedSystem",
    Annotated[
        str,
        Field(
            description="Which system a connection is to.",
            json_schema_extra={"enum": [each.spec.key for each in registry.CONNECTORS]},
        ),
    ],
)

if TYPE_CHECKING:
    from sync_worker.connectors.kit.settings import ConnectionIn as ConnectionIn  # noqa: PLC0414

else:
    ConnectionIn = Annotated[
        reduce(or_, (each.spec.settings for each in registry.CONNECTORS)),
        Field(discriminator="system"),
    ]


class _AnyConnectionPatch(Patch):
    """Fields of the connection's own system; a secret given anew replaces the one before."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"every_seconds": 300}]})


def _patchable() -> dict[str, Any]:
    """The settings of all systems. None has to be given; what may be taken back may be null."""
    found: dict[str, Any] = {}
    for connector in registry.CONNECTORS:
        for name, field in connector.spec.settings.model_fields.items():
            if name != "system":
                kind: Any = _without_none(field.annotation)
                if field.metadata:
                    kind = Annotated[kind, *field.metadata]
                kind = kind | None if name in connector.spec.clearable else kind
                found[name] = (kind, Field(default=None, description=field.description))
    return found


def _without_none(annotation: Any) -> Any:
    kinds = [each for each in get_args(annotation) if each is not type(None)]
    is_optional = type(None) in get_args(annotation)
    return reduce(or_, kinds) if is_optional else annotation


if TYPE_CHECKING:
    ConnectionPatch = _AnyConnectionPatch
else:
    ConnectionPatch = create_model(
        "ConnectionPatch",
        __base__=_AnyConnectionPatch,
        __doc__=_AnyConnectionPatch.__doc__,
        **_patchable(),
    )


class ConnectionOut(Out):
    """Secrets are never part of it. `synced_at` says how fresh our copy is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d",
                    "system": "salesforce",
                    "title": "Salesforce",
                    "settings": {
                        "authentication": "client_credentials",
                        "login_url": "https://acme.my.salesforce.com",
                        "client_id": "3MVG9xExampleConsumerKey",
                        "api_version": "v62.0",
                        "currency": None,
                        "lag_seconds": 120,
                    },
                    "status": "ok",
                    "reason": None,
                    "every_seconds": 60,
                    "next_run_at": "2026-03-02T09:01:00Z",
                    "synced_at": "2026-03-02T09:00:04Z",
                    "rejected_records": 0,
                    "warned_records": 3,
                    "version": 1,
                    "created_at": "2026-03-01T12:00:00Z",
                    "updated_at": "2026-03-02T09:00:04Z",
                }
            ]
        }
    )

    id: UUID
    system: ConnectedSystem
    title: str = Field(description="What people call it.")
    settings: dict[str, Any] = Field(description="How it connects, by its system; without secrets.")
    status: ConnectionStatus
    reason: str | None = Field(description="What the other system said; null while all is well.")
    every_seconds: int = Field(description="The seconds between two runs.")
    next_run_at: datetime = Field(description="When the next run begins, in UTC.")
    synced_at: datetime | None = Field(
        description="Our copy is what the system held then, in UTC; null: nothing was read yet."
    )
    rejected_records: int = Field(
        description="Records that could not be taken over, as of the last run."
    )
    warned_records: int = Field(description="Here without some value, as of the last run.")
    version: int
    created_at: datetime
    updated_at: datetime

"""Settings that a process reads from its environment once, when it starts."""

from collections.abc import Callable
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict
from typing_extensions import TypeAliasType

from shared import secret_strength

ServiceName = TypeAliasType(
    "ServiceName",
    Annotated[
        Literal["accounts", "tasks", "sequencer", "sync"],
        Field(description="One of the services that Tenure consists of."),
    ],
)
SERVICES: tuple[ServiceName, ...] = ("accounts", "tasks", "sequencer", "sync")
_PREFIX = "TENURE_"
_KINDS = {
    "int": "a whole number such as 8000",
    "float": "a number such as 0.5",
    "bool": "true or false",
}


def _secret(check: Callable[[str], Any]) -> AfterValidator:
    """Accepts a secret only if `check`, a function of `shared.secret_strength`, does not raise."""

    def checked(value: SecretStr) -> SecretStr:
        check(value.get_secret_value())
        return value

    return AfterValidator(checked)


def _address(*schemes: str) -> AfterValidator:
    """Addresses hold a password, so none is ever shown."""

    def checked(value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(schemes):
            raise ValueError(f"must be an address that begins with {' or '.join(schemes)}")
        return value

    return AfterValidator(checked)


class Environment(BaseSettings):
    """Settings from variables whose names begin with TENURE_, unless they say otherwise."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="ignore", hide_input_in_errors=True)

    @classmethod
    def read(cls) -> Self:
        """Ends the process, with a sentence for each setting that cannot be used."""
        try:
            return cls()
        except ValidationError as error:
            faults = error.errors(include_input=False, include_url=False)
            raise SystemExit("\n".join(map(_sentence, faults))) from None


def _sentence(error: ErrorDetails) -> str:
    name = str(error["loc"][0])
    variable = name if name.isupper() else _PREFIX + name.upper()
    if error["type"] == "missing":
        return f"{variable} is not set."
    if error["type"] == "value_error":
        return f"{variable} {error['ctx']['error']}."
    kind = error["type"].partition("_")[0]
    return f"{variable} must be {_KINDS.get(kind, 'something else; see deploy/env.example')}."


class Settings(Environment):
    database_url: Annotated[SecretStr, _address("postgresql+asyncpg://")] = Field(
        validation_alias="DATABASE_URL"
    )
    redis_url: Annotated[SecretStr, _address("redis://", "rediss://", "unix://")] = Field(
        validation_alias="REDIS_URL"
    )

    accounts_url: str = "http://127.0.0.1:8001"
    tasks_url: str = "http://127.0.0.1:8002"
    sequencer_url: str = "http://127.0.0.1:8003"
    sync_url: str = "http://127.0.0.1:8004"
    public_url: str = "http://127.0.0.1:8000"
    """Origin that customers see: unsubscribe links and problem types point there."""

    service_key: Annotated[SecretStr, _secret(secret_strength.signing_key)]
    """Private JWK (EC P-256) that signs this service's tokens; its public half is the JWKS."""
    cursor_secret: Annotated[SecretStr, _secret(secret_strength.signing_secret)]
    """Signs page cursors and unsubscribe links. Shared by all processes of a service."""
    encryption_keys: Annotated[SecretStr, _secret(secret_strength.encryption_keys)]
    """Comma separated urlsafe base64 keys of 32 bytes. The first encrypts, all of them decrypt."""

    egress_allow: str = ""
    """Comma separated hosts or networks that the outgoing client may reach although they are
    private. Empty in production; a sandbox names the loopback addresses of its simulators."""

    log_level: str = "INFO"
    drain_seconds: float = 0.0
    """How long a process that was told to stop answers 503 on /readyz before it stops listening."""
    pool_size: int = 20
    """Connections of one process, all of them kept open once used."""
    feed_shards: int = 1
    """Consumers split a feed by workspace into this many independent shards."""
    loops: str = ""
    """Comma separated loops that a worker process runs; empty runs all (see
    `shared.worker.chosen`).
    """
    sweep_seconds: float = 2.0
    """How often a loop looks for work without being rung: a lost ring delays work by this long."""
    health_host: str = "127.0.0.1"
    health_port: int | None = None
    """Where a worker process answers /livez, /readyz and /metrics. A container names 0.0.0.0."""
    webhook_time_scale: float = 1.0
    """Factor on the pauses of the webhook retry schedule: 0.01 for demonstrations and tests."""
    outside_retry_seconds: float = 0.5
    """First wait before another system is asked again; doubles with each try."""
    rate_limit_per_minute: int = 60_000
    """Requests of one principal; 429 beyond."""

    @cached_property
    def peers(self) -> dict[ServiceName, str]:
        return {
            "accounts": self.accounts_url,
            "tasks": self.tasks_url,
            "sequencer": self.sequencer_url,
            "sync": self.sync_url,
        }

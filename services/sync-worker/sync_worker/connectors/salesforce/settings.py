"""What a connection to Salesforce is made of."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from sync_worker.connectors.kit.settings import (
    EVERY_SECONDS,
    TITLE,
    BaseUrl,
    Currency,
    EverySeconds,
    PrivateKey,
    RecordConnectionIn,
    SecretStr,
    Text,
    Title,
)

_Version = Annotated[str, StringConstraints(pattern=r"^v\d{2,3}\.0$")]
Lag = Annotated[
    int,
    Field(
        ge=0,
        le=3_600,
        description="How far behind Salesforce's clock a read ends, so that changes whose "
        "transaction commits late are not missed.",
    ),
]
EXAMPLE: dict[str, Any] = {
    "system": "salesforce",
    "title": "Salesforce",
    "login_url": "https://acme.my.salesforce.com",
    "client_id": "3MVG9xExampleConsumerKey",
    "client_secret": "an-example-secret",
}


class SalesforceConnectionIn(RecordConnectionIn):
    """`client_secret` alone signs in as the app (client credentials, on My Domain only);
    `private_key` with `username` by JWT bearer; `refresh_token` as the person who consented.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                EXAMPLE,
                {
                    **{k: v for k, v in EXAMPLE.items() if k != "client_secret"},
                    "login_url": "https://login.salesforce.com",
                    "private_key": "-----BEGIN PRIVATE KEY-----\n…",
                    "username": "integration@acme.example",
                },
            ]
        }
    )

    system: Literal["salesforce"] = Field(description="A Salesforce organization.")
    title: Annotated[Title, TITLE]
    login_url: Annotated[
        BaseUrl, Field(description="Where it signs in, such as the address of My Domain.")
    ]
    client_id: Annotated[Text, Field(description="The consumer key of the connected app.")]
    client_secret: Annotated[
        SecretStr | None, Field(description="The consumer secret of the connected app.")
    ] = None
    private_key: Annotated[
        PrivateKey | None, Field(description="A PEM key whose certificate the connected app has.")
    ] = None
    username: Annotated[
        Text | None, Field(description="The user as whom `private_key` signs in.")
    ] = None
    refresh_token: Annotated[
        SecretStr | None, Field(description="What the person who consented gave the app.")
    ] = None
    api_version: Annotated[
        _Version, Field(description="The version of Salesforce's API that is spoken.")
    ] = "v62.0"
    currency: Currency | None = Field(
        default=None, description="Of amounts that name none; else the workspace's."
    )
    every_seconds: Annotated[EverySeconds, EVERY_SECONDS] = 60
    lag_seconds: Lag = 120

    @model_validator(mode="after")
    def _proves_who_it_is(self) -> Self:
        if self.private_key is None and self.client_secret is None and self.refresh_token is None:
            raise ValueError("Give a client_secret, a private_key or a refresh_token.")
        if self.private_key is not None and self.username is None:
            raise ValueError("A private_key signs in as somebody: give the username.")
        return self

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator
from typing_extensions import TypeAliasType

from accounts_api.records.requests.schemas import Holders, TraitKey
from shared.schemas import ExternalId, In, Instant, Out, Patch, Title

_ROLE: dict[str, Any] = {
    "key": "solutions_architect",
    "title": "Solutions Architect",
    "multi": True,
}


PlannedHoldingState = TypeAliasType(
    "PlannedHoldingState",
    Annotated[
        Literal["planned", "refused"],
        Field(
            description="Whether a planned holding is still to begin, or was refused when its time"
            " came."
        ),
    ],
)


class KeyRoleIn(In):
    """A key role to be defined."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ROLE]})

    key: TraitKey = Field(
        description="How the API and rules call it, such as `csm`. It cannot be changed."
    )
    title: Title = Field(description="What people call the key role.")
    multi: bool = Field(
        default=False, description="True when several members may hold it at once on one account."
    )


class KeyRolePatch(Patch):
    """The fields of a key role to change; one that is left out stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"title": "Customer Success Manager"}]}
    )

    title: Title = Field(default="", description="What people call the key role.")
    multi: bool = Field(
        default=False,
        description="True when several members may hold it at once on one account. False is a 409"
        " while several do.",
    )


class KeyRoleOut(Out):
    """A key role: a responsibility for an account, such as `csm`, that members hold."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-0500-7a3b-8c4d-5e6f708192a3",
                    **_ROLE,
                    "version": 1,
                    "created_at": "2026-01-05T09:00:00Z",
                    "updated_at": "2026-01-05T09:00:00Z",
                }
            ]
        }
    )

    id: UUID
    key: str = Field(description="How the API and rules call it, such as `csm`.")
    title: str = Field(description="What people call the key role.")
    multi: bool = Field(description="True when several members may hold it at once on one account.")
    version: int
    created_at: datetime
    updated_at: datetime


class HoldersIn(In):
    """Who is to hold a key role on an account, and from when."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"member_ids": []}]})

    member_ids: Holders = Field(description="The ids of the members who hold it; empty for nobody.")
    valid_from: Instant | None = Field(
        default=None,
        description="Null: from now on. Later than now: it begins by itself at that instant."
        " Earlier: it has been so since then, until the next change of the holders.",
    )


class HoldingRow(In):
    """A holding as a row of a file has it: the account by id or external id, the key role by key or
    title.
    """

    account_id: UUID | None = None
    account_external_id: ExternalId | None = None
    key_role: Title
    member_id: UUID
    valid_from: Instant
    valid_to: Instant | None = None

    @model_validator(mode="after")
    def _names_an_account(self) -> Self:
        if self.account_id is None and self.account_external_id is None:
            raise ValueError("Name the account by `account_id` or `account_external_id`.")
        return self


class HoldingOut(Out):
    """A stretch of time in which a member holds, or held, a key role on an account."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-0501-7a3b-8c4d-5e6f708192a3",
                    "key_role": "csm",
                    "member_id": "0198c0de-0009-7a3b-8c4d-5e6f708192a3",
                    "valid_from": "2026-01-05T09:00:00Z",
                    "valid_to": None,
                }
            ]
        }
    )

    id: UUID = Field(description="The id of the holding.")
    key_role: str = Field(description="The key of the key role, such as `csm`.")
    member_id: UUID
    valid_from: datetime = Field(
        description="Since when the member holds it, by the workspace's clock."
    )
    valid_to: datetime | None = Field(
        description="Until when the member held it; null while they hold it."
    )


class PlannedOut(Out):
    """A holding that begins by itself, or that could not: `refusal` says why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-0502-7a3b-8c4d-5e6f708192a3",
                    "key_role": "csm",
                    "member_ids": ["0198c0de-0009-7a3b-8c4d-5e6f708192a3"],
                    "valid_from": "2026-04-01T00:00:00Z",
                    "state": "planned",
                    "refusal": None,
                }
            ]
        }
    )

    id: UUID = Field(description="The id of the planned holding, by which it can be cancelled.")
    key_role: str = Field(description="The key of the key role, such as `csm`.")
    member_ids: list[UUID] = Field(
        description="The ids of the members who are to hold it; empty for nobody."
    )
    valid_from: datetime = Field(description="When it begins, by the workspace's clock.")
    state: PlannedHoldingState = Field(
        description="Whether it is still to begin, or was refused when its time came."
    )
    refusal: str | None = Field(
        description="Why it could not begin, as a stable code such as `unknown_member`; null while"
        " it is planned."
    )


class HoldingsOut(Out):
    """Who holds, held and will hold the key roles of an account."""

    data: list[HoldingOut] = Field(
        description="Holdings of now and before, those that began last first."
    )
    planned: list[PlannedOut] = Field(description="Holdings that are to begin, soonest first.")

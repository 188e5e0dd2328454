from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts_api.records.requests.schemas import Holders, TraitKey
from shared.schemas import In, Instant, Out, Patch, Title

_ROLE: dict[str, Any] = {
    "key": "solutions_architect",
    "title": "Solutions Architect",
    "multi": True,
}


class KeyRoleIn(In):
    model_config = ConfigDict(json_schema_extra={"examples": [_ROLE]})

    key: TraitKey
    title: Title
    multi: bool = Field(default=False, description="Several members may hold it at once.")


class KeyRolePatch(Patch):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"title": "Customer Success Manager"}]}
    )

    title: Title = ""
    multi: bool = False


class KeyRoleOut(Out):
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
    key: str
    title: str
    multi: bool
    version: int
    created_at: datetime
    updated_at: datetime


class HoldersIn(In):
    model_config = ConfigDict(json_schema_extra={"examples": [{"member_ids": []}]})

    member_ids: Holders = Field(description="Who holds it; empty for nobody.")
    valid_from: Instant | None = Field(
        default=None,
        description="Null: from now on. Later: it begins by itself at that instant. Earlier: it"
        " has been so since then, if the holders have not changed meanwhile.",
    )


class HoldingOut(Out):
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

    id: UUID
    key_role: str
    member_id: UUID
    valid_from: datetime
    valid_to: datetime | None = Field(description="Null: holds it now.")


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

    id: UUID
    key_role: str
    member_ids: list[UUID]
    valid_from: datetime
    state: Literal["planned", "refused"]
    refusal: str | None


class HoldingsOut(Out):
    data: list[HoldingOut]
    planned: list[PlannedOut] = Field(description="Soonest first.")

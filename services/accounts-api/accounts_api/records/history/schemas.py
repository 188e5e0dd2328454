from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.history.schemas import FIELD_CHANGE, CauseLink, FieldChangeOut


class RelatedChange(BaseModel):
    """A change of another field of the same record that was written with it."""

    id: UUID = Field(description="The id of that change.")
    field: str = Field(description="The field that changed, such as `arr` or `traits.tier`.")
    old: Any = Field(description="The value before, null when there was none.")
    new: Any = Field(description="The value since, null when there is none.")


class FieldChangeDetail(FieldChangeOut):
    """A change of one field of a record, with what else was written with it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **FIELD_CHANGE,
                    "related_changes": [
                        {
                            "id": "0198c0de-0101-7a3b-8c4d-5e6f708192a3",
                            "field": "traits.tier",
                            "old": "silver",
                            "new": "gold",
                        }
                    ],
                }
            ]
        }
    )

    related_changes: list[RelatedChange] = Field(
        description="Other fields of the record that were written with it."
    )


class PlanRolesChangeOut(BaseModel):
    """A change of the roles that a contact has in an account. Roles are null where the contact was
    not, or is no longer, linked to the account.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-0100-7a3b-8c4d-5e6f708192a3",
                    "contact_id": "0198c0de-0004-7a3b-8c4d-5e6f708192a3",
                    "contact_name": "Grace Hopper",
                    "old": ["Champion"],
                    "new": ["Champion", "Economic Buyer"],
                    "valid_from": "2026-02-11T14:30:00Z",
                    "known_at": "2026-02-11T14:30:00.123456Z",
                    "cause": [
                        {
                            "type": "member",
                            "id": "0198c0de-0009-7a3b-8c4d-5e6f708192a3",
                            "label": "Ada Lovelace",
                        }
                    ],
                }
            ]
        }
    )

    id: UUID = Field(description="The id of the change.")
    contact_id: UUID
    contact_name: str = Field(description="The contact's name, as it is now.")
    old: list[str] | None = Field(
        description="The plan roles before; null when the contact was not linked to the account."
    )
    new: list[str] | None = Field(
        description="The plan roles since; null when the contact is no longer linked to the"
        " account."
    )
    valid_from: datetime = Field(
        description="When the change became true, by the workspace's clock."
    )
    known_at: datetime = Field(description="When Tenure learned of it, by the real clock.")
    cause: list[CauseLink] = Field(
        description="Who or what acted, from the origin to the immediate actor."
    )

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from shared.schemas import In, Out
from sync_worker.crm_sync.translation.document import (
    ObjectMap,
    ObjectMapping,
    SourceName,
    WriteBackMap,
)
from sync_worker.crm_sync.translation.fold import LeftOut

SAMPLE: dict[str, Any] = {
    "objects": [
        {
            "object": "Contact",
            "record_type": "contact",
            "fields": [
                {"source": "Name", "target": "name", "type": "text"},
                {"source": "Email", "target": "email", "type": "email"},
                {
                    "source": "Product_Admin__c",
                    "target": "traits.product_admin",
                    "type": "boolean",
                },
            ],
        }
    ],
    "plan_roles": {"Evaluator": "Champion"},
    "write_back": [
        {
            "object": "Opportunity",
            "field": "renewal_sequence_status",
            "target": "Renewal_Sequence_Status__c",
        }
    ],
}


class MappingIn(ObjectMapping):
    """The whole mapping; what it leaves out is neither read nor written back."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [SAMPLE]})


class ConnectionMappingOut(Out):
    """Which fields of another system become which of ours, and which of ours are written there."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{**SAMPLE, "is_default": False, "version": 2, "warnings": []}]
        }
    )

    objects: list[ObjectMap] = Field(description="Which of their objects are read, and how.")
    plan_roles: dict[str, str] = Field(
        description="Their contact roles to our account plan roles, such as `Champion`."
    )
    write_back: list[WriteBackMap] = Field(description="Which of our fields are written to theirs.")
    is_default: bool = Field(description="True while nobody has changed what came with Tenure.")
    version: int
    warnings: list[str] = Field(
        description="What the connected user cannot see, and what can never be written."
    )


class MappingPreviewIn(In):
    """What is looked at, and by which mapping."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"object": "Contact", "limit": 5, "mapping": SAMPLE}]}
    )

    object: Annotated[SourceName, Field(description="The object whose newest records are read.")]
    mapping: MappingIn | None = Field(default=None, description="Left out: the mapping in force.")
    limit: int = Field(default=10, ge=1, le=50, description="How many records are read.")


class MappingPreviewRow(BaseModel):
    """A record of the other system, and what would be written of it."""

    external_id: str = Field(description="The id of the record in the other system.")
    source: dict[str, Any] = Field(description="As the other system has it.")
    row: dict[str, Any] | None = Field(description="As it would be written; null if it cannot be.")
    left_out: list[LeftOut] = Field(description="Values that do not fit, left out of `row`.")
    reason: str | None = Field(description="Why it cannot be written; null: it can.")


class MappingPreviewOut(Out):
    """What a mapping would write, for the newest records of an object."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "object": "Contact",
                    "warnings": [],
                    "data": [
                        {
                            "external_id": "0035g00000AbC1AAAV",
                            "source": {"Name": "Grace Hopper", "Product_Admin__c": True},
                            "row": {
                                "external_id": "0035g00000AbC1AAAV",
                                "name": "Grace Hopper",
                                "traits": {"product_admin": True},
                            },
                            "left_out": [],
                            "reason": None,
                        }
                    ],
                }
            ]
        }
    )

    object: str = Field(description="The object whose records were read.")
    warnings: list[str] = Field(
        description="What the connected user cannot see, and what can never be written."
    )
    data: list[MappingPreviewRow] = Field(description="The newest first.")

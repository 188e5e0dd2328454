from typing import Any

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


class MappingOut(Out):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{**SAMPLE, "is_default": False, "version": 2, "warnings": []}]
        }
    )

    objects: list[ObjectMap]
    plan_roles: dict[str, str]
    write_back: list[WriteBackMap]
    is_default: bool = Field(description="True while nobody has changed what came with Tenure.")
    version: int
    warnings: list[str] = Field(
        description="What the connected user cannot see, and what can never be written."
    )


class PreviewIn(In):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"object": "Contact", "limit": 5, "mapping": SAMPLE}]}
    )

    object: SourceName
    mapping: MappingIn | None = Field(default=None, description="Left out: the mapping in force.")
    limit: int = Field(default=10, ge=1, le=50)


class PreviewRow(BaseModel):
    external_id: str
    source: dict[str, Any] = Field(description="As the other system has it.")
    row: dict[str, Any] | None = Field(description="As it would be written; null if it cannot be.")
    left_out: list[LeftOut] = Field(description="Values that do not fit, left out of `row`.")
    reason: str | None


class PreviewOut(Out):
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

    object: str
    warnings: list[str]
    data: list[PreviewRow]

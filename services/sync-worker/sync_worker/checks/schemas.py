from typing import Any

from pydantic import ConfigDict, Field

from shared.schemas import Out


class CheckOut(Out):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ok": True,
                    "detail": "Signed in.",
                    "findings": {"api_usage": "18/15000", "hidden_fields": []},
                    "milliseconds": 412,
                }
            ]
        }
    )

    ok: bool
    detail: str
    findings: dict[str, Any] = Field(description="What the other system showed of itself.")
    milliseconds: int

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
                    "found": {"api_usage": "18/15000", "hidden_fields": []},
                    "ms": 412,
                }
            ]
        }
    )

    ok: bool
    detail: str
    found: dict[str, Any] = Field(description="What the other system showed of itself.")
    ms: int

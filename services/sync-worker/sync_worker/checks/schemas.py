from typing import Any

from pydantic import ConfigDict, Field

from shared.schemas import Out


class ConnectionTestResult(Out):
    """What happened when we signed in to the other system. Nothing was read into Tenure."""

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

    ok: bool = Field(description="Whether signing in worked.")
    detail: str = Field(description="What the other system said, for people.")
    findings: dict[str, Any] = Field(description="What the other system showed of itself.")
    milliseconds: int = Field(description="How long it took.")

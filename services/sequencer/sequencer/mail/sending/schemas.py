from typing import Literal

from pydantic import ConfigDict, Field

from shared.schemas import In


class Resolution(In):
    model_config = ConfigDict(json_schema_extra={"examples": [{"outcome": "sent"}]})

    outcome: Literal["sent", "not_sent"] = Field(
        description="What you found in the sender's mailbox. `not_sent` sends it again, within the"
        " send conditions."
    )

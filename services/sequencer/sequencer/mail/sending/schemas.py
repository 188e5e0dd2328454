from pydantic import ConfigDict, Field

from shared.events.sequences import MessageOutcome
from shared.schemas import In


class Resolution(In):
    """What became of a mail, as a person found out."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"outcome": "sent"}]})

    outcome: MessageOutcome = Field(
        description="What you found in the sender's mailbox. `not_sent` sends it again, within the"
        " send conditions."
    )

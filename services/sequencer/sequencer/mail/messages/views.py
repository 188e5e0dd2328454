"""A mail as clients see it."""

from typing import Any

from sequencer.mail.messages.schemas import Message, MessageOut

_FIELDS = tuple(name for name in MessageOut.model_fields if name != "opportunity_id")


def shown(message: Message) -> dict[str, Any]:
    return {
        **{name: getattr(message, name) for name in _FIELDS},
        "opportunity_id": message.record_id,
    }

"""From what Segment's libraries send to events we can store; each message by itself."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_json

from accounts_api.signals.product_events.rules import Sender, Tracked
from accounts_api.signals.product_events.schemas import MAX_ITEM_BYTES, BatchIn, TrackIn
from shared.errors import Fault
from shared.ids import new_id
from shared.mail.addresses import email_key
from shared.web.problems import faults_in


class Untaken(Exception):
    """A message that is not stored, with its faults."""

    def __init__(self, message_id: str | None, faults: list[Fault]) -> None:
        super().__init__(message_id)
        self.message_id = message_id
        self.faults = faults


def read_item(item: Any, batch: BatchIn, at: int) -> Tracked:
    """One message of a batch. Raises `Untaken`."""
    pointer = f"/batch/{at}"
    if not isinstance(item, dict):
        raise Untaken(None, [Fault(pointer, "type", "A message is an object.")])
    given = item.get("messageId")
    message_id = given[:255] if isinstance(given, str) else None
    kind = item.get("type")
    if kind != "track":
        said = f"not {str(kind)[:40]!r}" if kind is not None else "and a message says its type"
        fault = Fault(f"{pointer}/type", "unsupported_type", f"Only `track` is taken yet, {said}.")
        raise Untaken(message_id, [fault])
    known = {name: value for name, value in item.items() if name in TrackIn.model_fields}
    known.setdefault("sentAt", batch.sentAt)
    if isinstance(known.get("context"), dict) or known.get("context") is None:
        known["context"] = {**(batch.context or {}), **(known.get("context") or {})}
    try:
        return read_track(TrackIn.model_validate(known), pointer)
    except ValidationError as error:
        faults = [
            Fault(f"{pointer}{fault.pointer}", fault.code, fault.message)
            for fault in faults_in(known, error)
        ]
        raise Untaken(message_id, faults) from error


def read_track(data: TrackIn, pointer: str = "") -> Tracked:
    """Raises `Untaken`."""
    properties, context = data.properties or {}, data.context or {}
    if len(to_json(properties)) + len(to_json(context)) > MAX_ITEM_BYTES:
        raise Untaken(
            data.messageId,
            [Fault(f"{pointer}/properties", "too_large", "A message has at most 32 KB.")],
        )
    sender = _sender(data, context)
    if sender.user_id is None and sender.group_id is None and data.anonymousId is None:
        message = "Say who it was: `userId`, `anonymousId` or a group."
        raise Untaken(data.messageId, [Fault(f"{pointer}/userId", "required", message)])
    return Tracked(
        message_id=data.messageId or f"tenure-{new_id()}",
        name=data.event,
        sender=sender,
        anonymous_id=data.anonymousId,
        properties=properties,
        context=context,
        original_at=data.originalTimestamp or data.timestamp,
        sent_at=data.sentAt,
    )


def _sender(data: TrackIn, context: Mapping[str, Any]) -> Sender:
    traits = context.get("traits")
    said = traits.get("email") if isinstance(traits, dict) else None
    email = said if isinstance(said, str) and "@" in said else data.userId
    return Sender(
        user_id=data.userId,
        email=email_key(email),
        group_id=_identity(context.get("groupId")) or data.groupId,
    )


def _identity(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and value.strip() and len(value) <= _LONGEST else None


_LONGEST = 255

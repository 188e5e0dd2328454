"""From what Segment's libraries send to what we keep; each message by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import to_json

from accounts_api.signals.event_names.rules import TYPES, Subject
from accounts_api.signals.ingest.schemas import (
    MAX_ITEM_BYTES,
    AliasIn,
    BatchIn,
    GroupIn,
    IdentifyIn,
    MessageIn,
    PageIn,
    ScreenIn,
    TrackIn,
)
from accounts_api.signals.product_events.rules import Sender, Tracked
from accounts_api.signals.profiles.rules import Kind
from shared.errors import Fault
from shared.ids import new_id
from shared.mail.addresses import email_key
from shared.web.problems import faults_in

SHAPES: Final[Mapping[str, type[MessageIn]]] = {
    "track": TrackIn,
    "identify": IdentifyIn,
    "group": GroupIn,
    "page": PageIn,
    "screen": ScreenIn,
    "alias": AliasIn,
}
_FIELDS: Final = {shape: frozenset(shape.model_fields) for shape in SHAPES.values()}


@dataclass(frozen=True, slots=True)
class Described:
    """What an `identify` or `group` message says of whom; nobody is named by an anonymous one."""

    kind: Kind
    external_id: str | None
    email: str | None
    traits: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    message_id: str
    type: str
    data: MessageIn
    content: Tracked | Described | None
    """None: it is only counted."""

    @property
    def subject(self) -> Subject:
        name = self.content.name if isinstance(self.content, Tracked) else ""
        return Subject(self.type, name)


class Untaken(Exception):
    """A message that is not kept, with its faults."""

    def __init__(self, message_id: str | None, faults: list[Fault]) -> None:
        super().__init__(message_id)
        self.message_id = message_id
        self.faults = faults


def read_item(item: Any, batch: BatchIn | None, pointer: str) -> Message:
    """One message of a batch, or a browser's. Raises `Untaken`."""
    if not isinstance(item, dict):
        raise Untaken(None, [Fault(pointer, "type", "A message is an object.")])
    given = item.get("messageId")
    message_id = given[:255] if isinstance(given, str) else None
    type_ = item.get("type")
    shape = SHAPES.get(type_) if isinstance(type_, str) else None
    if shape is None:
        said = f"not {str(type_)[:40]!r}" if type_ is not None else "and a message says which"
        message = f"Send {', '.join(TYPES[:-1])} or {TYPES[-1]}, {said}."
        raise Untaken(message_id, [Fault(f"{pointer}/type", "unsupported_type", message)])
    known = {name: value for name, value in item.items() if name in _FIELDS[shape]}
    if batch is not None:
        known.setdefault("sentAt", batch.sentAt)
        if isinstance(known.get("context"), dict) or known.get("context") is None:
            known["context"] = {**(batch.context or {}), **(known.get("context") or {})}
    try:
        return read_message(shape.model_validate(known), str(type_), pointer)
    except ValidationError as error:
        faults = [
            Fault(f"{pointer}{fault.pointer}", fault.code, fault.message)
            for fault in faults_in(known, error)
        ]
        raise Untaken(message_id, faults) from error


def read_message(data: MessageIn, type_: str, pointer: str = "") -> Message:
    """Raises `Untaken`."""
    context = data.context or {}
    said = "traits" if "traits" in _FIELDS[type(data)] else "properties"
    if len(to_json(getattr(data, said, None) or {})) + len(to_json(context)) > MAX_ITEM_BYTES:
        fault = Fault(f"{pointer}/{said}", "too_large", "A message has at most 32 KB.")
        raise Untaken(data.messageId, [fault])
    message_id = data.messageId or f"tenure-{new_id()}"
    content: Tracked | Described | None = None
    match data:
        case TrackIn():
            content = _tracked(data, message_id, context, pointer)
        case IdentifyIn():
            _must_say_who(data, pointer)
            traits = data.traits or {}
            email = _email(traits) or _email(context.get("traits")) or _address(data.userId)
            content = Described("user", data.userId, email_key(email), traits)
        case GroupIn():
            content = Described("group", data.groupId, None, data.traits or {})
        case _:
            _must_say_who(data, pointer)
    return Message(message_id, type_, data, content)


def _tracked(data: TrackIn, message_id: str, context: Mapping[str, Any], pointer: str) -> Tracked:
    email = _email(context.get("traits")) or _address(data.userId)
    group_id = _identity(context.get("groupId")) or data.groupId
    sender = Sender(data.userId, email_key(email), group_id)
    if group_id is None:
        _must_say_who(data, pointer, " or a group")
    return Tracked(
        message_id=message_id,
        name=data.event,
        sender=sender,
        anonymous_id=data.anonymousId,
        properties=data.properties or {},
        context=dict(context),
        original_at=data.originalTimestamp or data.timestamp,
        sent_at=data.sentAt,
    )


def _must_say_who(data: MessageIn, pointer: str, more: str = "") -> None:
    if data.userId is None and data.anonymousId is None:
        choice = "`userId`, `anonymousId`" if more else "`userId` or `anonymousId`"
        message = f"Say who it was: {choice}{more}."
        raise Untaken(data.messageId, [Fault(f"{pointer}/userId", "required", message)])


def _email(traits: Any) -> str | None:
    said = traits.get("email") if isinstance(traits, dict) else None
    return _address(said)


def _address(value: Any) -> str | None:
    return value if isinstance(value, str) and "@" in value else None


def _identity(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and value.strip() and len(value) <= _LONGEST else None


_LONGEST: Final = 255

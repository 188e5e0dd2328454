"""What the body of a sequence refers to, and what is wrong with what refers to nothing."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from sequencer.mail.templates.rules import traits_in
from sequencer.replica.references import Looked, Named
from sequencer.sequences.sequences.schemas import (
    Definition,
    SequenceIn,
    SequencePatch,
    templates_of,
)
from shared.errors import Fault
from shared.keys import id_or_none
from shared.references import meant

_SEGMENTS: Final = {"audience_segment_id": "opportunity", "account_segment_id": "account"}
"""Which type of records a segment must be of."""
_NOTHING: Final = UUID(int=0)


def named_in(data: SequenceIn | SequencePatch) -> Named:
    """What it names itself: a default may be made later."""
    fields = data.model_dump(exclude_unset=True)
    parts = {name: fields.get(name) or {} for name in ("sender", "tasks", "contact_selector")}
    roles = {
        parts["sender"].get("key_role"),
        parts["tasks"].get("assignee_key_role"),
        fields.get("notify_key_role"),
    }
    traits = {
        name
        for _, source, html in templates_of(data.steps or ())
        for name in traits_in(source, html=html)
    }
    if (trait := parts["contact_selector"].get("trait")) is not None:
        traits.add(f"contact.traits.{trait}")
    segments = {data.audience_segment_id, data.account_segment_id}
    return Named(
        frozenset(str(segment) for segment in segments if segment is not None),
        frozenset(role for role in roles if role is not None),
        frozenset(traits),
    )


def reference_faults(definition: Definition, looked: Looked) -> Iterator[Fault]:
    """Traits that templates name are told with the templates' other faults."""
    yield from _segment_faults(definition, looked)
    roles = {
        "/sender/key_role": definition.sender.key_role,
        "/tasks/assignee_key_role": definition.tasks.assignee_key_role,
        "/notify_key_role": definition.notify_key_role,
    }
    for pointer, role in roles.items():
        if role is not None and role in looked.missing_key_roles:
            message = f"There is no key role {role!r}. Make it at /v1/key-roles, or name another."
            yield Fault(pointer, "unknown_key_role", message, meant(role, looked.suggestions))
    trait = definition.contact_selector.trait
    if f"contact.traits.{trait}" in looked.missing_traits:
        message = (
            f"Contacts have no trait {trait!r}. Make it at /v1/traits, name another, or say null to"
            " write to any contact."
        )
        near = meant(f"contact.traits.{trait}", looked.suggestions)
        yield Fault("/contact_selector/trait", "unknown_trait", message, near)


def with_segment_ids(raw: Mapping[str, Any], looked: Looked) -> dict[str, Any]:
    """The body with the ids of the segments that it names by their keys. A key of nothing becomes
    the id of nothing.
    """
    named = {}
    for name in _SEGMENTS:
        word = raw.get(name)
        if isinstance(word, str) and id_or_none(word) is None:
            segment = looked.segments.get(word)
            named[name] = str(segment.id if segment else _NOTHING)
    return {**raw, **named}


def _segment_faults(definition: Definition, looked: Looked) -> Iterator[Fault]:
    known = {segment.id: segment for segment in looked.segments.values() if segment is not None}
    asked = {id_or_none(word) for word in looked.segments} | {_NOTHING, *known}
    for name, record_type in _SEGMENTS.items():
        segment_id = getattr(definition, name)
        if segment_id is None or segment_id not in asked:
            continue
        pointer, segment = f"/{name}", known.get(segment_id)
        if segment is None:
            yield Fault(pointer, "unknown_segment", "There is no segment with this id or key.")
        elif segment.archived:
            yield Fault(pointer, "segment_archived", "This segment is archived.")
        elif segment.record_type != record_type:
            message = f"This is a segment of {segment.record_type} records, not {record_type}."
            yield Fault(pointer, "wrong_segment_type", message)

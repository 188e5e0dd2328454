"""What the body of a sequence refers to, and what is wrong with what refers to nothing."""

from collections.abc import Iterator

from sequencer.mail.templates.rules import traits_in
from sequencer.replica.references import Looked, Named
from sequencer.sequences.sequences.schemas import (
    Definition,
    SequenceIn,
    SequencePatch,
    templates_of,
)
from shared.errors import Fault


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
        frozenset(segment for segment in segments if segment is not None),
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
        if role in looked.missing_key_roles:
            message = f"There is no key role {role!r}. Make it at /v1/key-roles, or name another."
            yield Fault(pointer, "unknown_key_role", message)
    trait = definition.contact_selector.trait
    if f"contact.traits.{trait}" in looked.missing_traits:
        message = (
            f"Contacts have no trait {trait!r}. Make it at /v1/traits, name another, or say null to"
            " write to any contact."
        )
        yield Fault("/contact_selector/trait", "unknown_trait", message)


def _segment_faults(definition: Definition, looked: Looked) -> Iterator[Fault]:
    wanted = {
        "/audience_segment_id": (definition.audience_segment_id, "opportunity"),
        "/account_segment_id": (definition.account_segment_id, "account"),
    }
    for pointer, (segment_id, record_type) in wanted.items():
        if segment_id is None or segment_id not in looked.segments:
            continue
        segment = looked.segments[segment_id]
        if segment is None:
            yield Fault(pointer, "unknown_segment", "There is no segment with this id.")
        elif segment.archived:
            yield Fault(pointer, "segment_archived", "This segment is archived.")
        elif segment.record_type != record_type:
            message = f"This is a segment of {segment.record_type} records, not {record_type}."
            yield Fault(pointer, "wrong_segment_type", message)

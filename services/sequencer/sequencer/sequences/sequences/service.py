"""What is sent, in what order. A draft is edited; publishing pins it for whoever enters next."""

from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from sequencer.audit import audit
from sequencer.keys import SEQUENCE_KEYS as KEYS
from sequencer.mail.mailboxes import service as mailboxes
from sequencer.mail.templates.rules import faults_of, variables_of
from sequencer.replica import service as records
from sequencer.replica.references import Looked
from sequencer.sequences.sequences import queries
from sequencer.sequences.sequences.queries import (
    enabled_sequences,
    published_sequence,
    sequences_page,
)
from sequencer.sequences.sequences.references import reference_faults, with_segment_ids
from sequencer.sequences.sequences.rows import Sequence, SequenceVersion
from sequencer.sequences.sequences.schemas import (
    Definition,
    SequenceIn,
    SequencePatch,
    SequenceState,
)
from sequencer.sequences.sequences.versions import Pinned, readable_definition, step_ids
from shared.audit import attributes, difference
from shared.auth import Caller
from shared.db import refuse
from shared.errors import Conflict, Fault, NotFound, invalid
from shared.ids import new_id
from shared.keys import KeyTaken
from shared.uow import UnitOfWork
from shared.web.problems import faults_in, not_stored

__all__ = ["KEYS", "enabled_sequences", "published_sequence", "sequences_page"]


class SequenceNotFound(NotFound):
    code = "sequence_not_found"
    title = "No such sequence"


class TitleTaken(Conflict):
    code = "title_taken"
    title = "This title is in use"


class NotPublished(Conflict):
    code = "sequence_not_published"
    title = "Publish the sequence first"


class UnreadableDefinition(Conflict):
    code = "sequence_unreadable"
    title = "A stored definition cannot be read"


class Archived(Conflict):
    code = "sequence_archived"
    title = "The sequence is archived"


async def get_sequence(uow: UnitOfWork, sequence_id: UUID, *, lock: bool = False) -> Sequence:
    sequence = await queries.sequence_by_id(uow, sequence_id, lock=lock)
    if sequence is None:
        raise SequenceNotFound("There is no sequence with this id.")
    return sequence


async def create_sequence(uow: UnitOfWork, data: SequenceIn, looked: Looked) -> Sequence:
    raw = data.model_dump(mode="json", exclude={"title", "key"})
    definition = await _checked(uow, raw, data, looked, known_steps=())
    draft = definition.model_dump(mode="json")
    key = await KEYS.key_for(uow, data.key, data.title)
    async with _unless_taken(data.title):
        sequence = await queries.insert_sequence(uow, new_id(), key, data.title, draft)
    after = {"key": key, "title": data.title, **draft}
    audit.record(uow, "sequence.created", sequence.id, after=after)
    return sequence


async def update_sequence(
    uow: UnitOfWork, sequence: Sequence, data: SequencePatch, looked: Looked
) -> Sequence:
    if sequence.state == "archived":
        raise Archived("An archived sequence does not change.")
    changes = data.model_dump(mode="json", exclude_unset=True)
    title = changes.pop("title", sequence.title)
    if title is None:
        raise invalid("/title", "required", "A sequence has a title.")
    merged = _merged(sequence.draft, changes)
    definition = await _checked(uow, merged, data, looked, await _steps_of(uow, sequence))
    draft = definition.model_dump(mode="json")
    async with _unless_taken(title):
        edited = await queries.change_sequence(uow, sequence.id, {"title": title, "draft": draft})
    before = {"title": sequence.title, **sequence.draft}
    was, becomes = difference(before, {"title": title, **draft})
    if becomes:
        audit.record(uow, "sequence.updated", sequence.id, before=was, after=becomes)
    return edited


def _merged(before: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """JSON merge patch (RFC 7396); of a sender there is one, so it is replaced as a whole. What an
    older release stored beside is forgotten, for nobody could take it out.
    """
    merged = {key: value for key, value in before.items() if key in Definition.model_fields}
    for key, value in changes.items():
        known = before.get(key)
        if isinstance(value, dict) and isinstance(known, dict) and key != "sender":
            merged[key] = {**known, **value}
        else:
            merged[key] = value
    return merged


async def _steps_of(uow: UnitOfWork, sequence: Sequence) -> set[str]:
    """Ids of the steps that it has, or had in a version, also in what cannot be read any more: who
    got the mail of a step must be known as such.
    """
    versions = await queries.versions_of(uow, sequence.id)
    stored = [sequence.draft, *(version.definition for version in versions)]
    return {step_id for definition in stored for step_id in step_ids(definition)}


async def _checked(
    uow: UnitOfWork,
    raw: dict[str, Any],
    data: SequenceIn | SequencePatch,
    looked: Looked,
    known_steps: Collection[str],
) -> Definition:
    """The definition with an id for every step. Raises `Invalid` with all faults at once."""
    raw = with_segment_ids(raw, looked)
    try:
        definition = Definition.model_validate(raw)
    except ValidationError as error:
        raise not_stored(faults_in(raw, error)) from error
    faults = [
        Fault(pointer, fault.code, fault.message, {"line": fault.line, "column": fault.column})
        for pointer, source, html in definition.templates()
        for fault in faults_of(source, html=html, missing=looked.missing_traits)
    ]
    faulty = {fault.pointer for fault in faults}
    faults += [fault for fault in _without_way_out(definition) if fault.pointer not in faulty]
    faults += _repetitions(definition)
    faults += [
        Fault(f"/steps/{at}/id", "unknown_step", "The sequence has no step with this id.")
        for at, step in enumerate(definition.steps)
        if step.id is not None and str(step.id) not in known_steps
    ]
    faults += reference_faults(definition, await _with_known_segments(uow, definition, looked))
    faults += [fault async for fault in _choice_faults(uow, data)]
    faults += await _mailbox_faults(uow, data)
    if faults:
        raise not_stored(faults)
    steps = [step.model_copy(update={"id": step.id or new_id()}) for step in definition.steps]
    return definition.model_copy(update={"steps": steps})


async def _choice_faults(uow: UnitOfWork, data: SequenceIn | SequencePatch) -> AsyncIterator[Fault]:
    """Contacts are chosen among copies, which do not hear what time makes of a formula."""
    trait = data.contact_selector.trait if data.contact_selector is not None else None
    if trait is not None and f"contact.traits.{trait}" in (await records.moving_fields(uow) or ()):
        message = (
            f"The days that pass change {trait!r} without a word to sequences. Name a trait that"
            " people or a formula without today() decide, or say null to write to any contact."
        )
        yield Fault("/contact_selector/trait", "changes_with_time", message)


def _repetitions(definition: Definition) -> Iterator[Fault]:
    days = [step.offset_days for step in definition.steps]
    if len(set(days)) != len(days):
        message = "Two steps have the same day; only one mail a day is sent."
        yield Fault("/steps", "repeated_day", message)
    ids = [step.id for step in definition.steps if step.id is not None]
    if len(set(ids)) != len(ids):
        yield Fault("/steps", "repeated_id", "Two steps have the same id.")


def _without_way_out(definition: Definition) -> Iterator[Fault]:
    """Whoever reads a mail must be able to stop it, in the form that they read."""
    for pointer, source, html in definition.templates():
        is_body = not pointer.endswith("/subject")
        if is_body and "unsubscribe_url" not in variables_of(source, html=html):
            message = "Put {{ unsubscribe_url }} into the mail, so that its reader can stop more."
            yield Fault(pointer, "no_unsubscribe_link", message)


async def _with_known_segments(uow: UnitOfWork, definition: Definition, looked: Looked) -> Looked:
    """Also those that the draft has had before."""
    named = (definition.audience_segment_id, definition.account_segment_id)
    known = await records.segments(
        uow, [segment_id for segment_id in named if segment_id is not None]
    )
    return replace(looked, segments={**looked.segments, **{str(id_): known[id_] for id_ in known}})


async def _mailbox_faults(uow: UnitOfWork, data: SequenceIn | SequencePatch) -> list[Fault]:
    """A mailbox is set up here, so we know of every one."""
    box = data.sender.mailbox_id if data.sender else None
    if box is None or await mailboxes.mailboxes_by_id(uow, [box]):
        return []
    message = "There is no mailbox with this id. Make it at /v1/mailboxes, or name another."
    return [Fault("/sender/mailbox_id", "unknown_mailbox", message)]


async def rename_sequence(uow: UnitOfWork, sequence_id: UUID, key: str) -> Sequence:
    """The key before leads to it for ninety days more."""
    before = await get_sequence(uow, sequence_id, lock=True)
    if before.state == "archived":
        raise Archived("An archived sequence is not renamed.")
    if key == before.key:
        return before
    await KEYS.rename(uow, sequence_id, before.key, key)
    async with _unless_taken(before.title):
        renamed = await queries.change_sequence(uow, sequence_id, {"key": key})
    was, becomes = {"key": before.key}, {"key": key}
    audit.record(uow, "sequence.renamed", sequence_id, before=was, after=becomes)
    return renamed


async def publish_sequence(uow: UnitOfWork, caller: Caller, sequence_id: UUID) -> Sequence:
    """Pin the draft. A draft that is published as it is makes no new version."""
    sequence = await get_sequence(uow, sequence_id, lock=True)
    if sequence.state == "archived":
        raise Archived("An archived sequence is not published again.")
    if not await has_unpublished_changes(uow, sequence):
        return sequence
    _definition_of(sequence)
    number = (sequence.published_version or 0) + 1
    by = caller.principal.label or caller.key
    await queries.insert_version(uow, sequence.id, number, sequence.draft, by)
    published = await queries.change_sequence(uow, sequence.id, {"published_version": number})
    before = attributes(sequence, "published_version")
    audit.record_difference(uow, "sequence.published", sequence.id, before, published)
    return published


async def has_unpublished_changes(uow: UnitOfWork, sequence: Sequence) -> bool:
    if sequence.published_version is None:
        return True
    published = await queries.version_by_number(uow, sequence.id, sequence.published_version)
    return published is None or published.definition != sequence.draft


async def set_state(uow: UnitOfWork, sequence_id: UUID, state: SequenceState) -> Sequence:
    """`entry` tells the records that this concerns."""
    sequence = await get_sequence(uow, sequence_id, lock=True)
    if sequence.state == "archived" and state != "archived":
        raise Archived("An archived sequence stays archived.")
    if sequence.published_version is None and state == "enabled":
        raise NotPublished("Only a published version can be enabled.")
    changed = sequence
    if sequence.state != state:
        changed = await queries.change_sequence(uow, sequence.id, {"state": state})
    before = attributes(sequence, "state")
    audit.record_difference(uow, f"sequence.{state}", sequence.id, before, changed)
    return changed


async def versions(uow: UnitOfWork, sequence_id: UUID) -> list[SequenceVersion]:
    await get_sequence(uow, sequence_id)
    return await queries.versions_of(uow, sequence_id)


async def published(uow: UnitOfWork, sequence_id: UUID) -> Pinned:
    """Raises `NotPublished` or `UnreadableDefinition`."""
    sequence = await get_sequence(uow, sequence_id)
    version = await queries.published_sequence(uow, sequence_id)
    if version is not None:
        return version
    if sequence.published_version is None:
        raise NotPublished("This sequence has no published version.")
    raise UnreadableDefinition(
        f"Its version {sequence.published_version} cannot be read any more."
        " Edit the draft and publish the sequence anew."
    )


async def pinned(
    uow: UnitOfWork, wanted: Collection[tuple[UUID, int]]
) -> Mapping[tuple[UUID, int], Pinned]:
    """Versions by (sequence, number)."""
    if not wanted:
        return {}
    versions = await queries.pinned_versions(uow, set(wanted))
    return {(version.sequence_id, version.number): version for version in versions}


def one_of(versions: Mapping[tuple[UUID, int], Pinned], sequence_id: UUID, number: int) -> Pinned:
    """Raises `UnreadableDefinition` for one that `pinned` had to leave out."""
    version = versions.get((sequence_id, number))
    if version is None:
        raise UnreadableDefinition(
            f"Version {number} of the sequence {sequence_id} cannot be read any more."
            " Take the record out, publish the sequence anew and enter the record again."
        )
    return version


async def count_unreadable(uow: UnitOfWork) -> int:
    """Enabled sequences that nobody can enter, because their version cannot be read any more."""
    return await queries.count_enabled(uow) - len(await enabled_sequences(uow))


async def draft_definition(uow: UnitOfWork, sequence_id: UUID) -> Definition:
    """Raises `UnreadableDefinition`."""
    return _definition_of(await get_sequence(uow, sequence_id))


def _definition_of(sequence: Sequence) -> Definition:
    definition = readable_definition(sequence.draft)
    if definition is None:
        raise UnreadableDefinition("Its draft cannot be read any more. Edit it and try again.")
    return definition


@asynccontextmanager
async def _unless_taken(title: str) -> AsyncIterator[None]:
    async with (
        refuse("uq_sequences_workspace_id_key", KeyTaken("Another sequence has this key.")),
        refuse("uq_sequences_workspace_id_title", TitleTaken(f"{title!r} is in use.")),
    ):
        yield

from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Path, Query, Response

from shared.auth import Caller
from shared.errors import check_version
from shared.lists.schemas import CountedPage, ListParams, SearchBody
from shared.lists.service import ListQuery
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import BeginUow, ServiceDep, Uow, api_router, require
from shared.web.versions import IfMatch
from tasks_api.notes.notes import service
from tasks_api.notes.notes.rules import NOTE
from tasks_api.notes.notes.schemas import NoteIn, NoteOut, NotePatch
from tasks_api.records.traits.service import known_members, look_at, write_of
from tasks_api.replica.references import Named, must_exist

router = api_router("/v1/notes", "Notes")

Reader = Annotated[Caller, require("notes:read")]
Writer = Annotated[Caller, require("notes:write")]
NoteId = Annotated[UUID, Path(alias="id", description="The id of the note.")]

_NOTE: Any = {
    "review": {
        "summary": "A mid-contract review that also sets the customer's sentiment",
        "value": {
            "template_key": "scaled_mid_contract_review",
            "subject_type": "opportunity",
            "subject_id": "0198c0de-0000-7000-8000-000000000003",
            "title": "Mid-contract review",
            "body": "<p>They like the new reports.</p>",
            "field_values": {"sentiment": "Happy"},
            "record_versions": {"subject": 3},
        },
    }
}


_SEARCH: Any = {
    "reviews": {
        "summary": "Reviews of the last month, by the day they were held",
        "value": {
            "filter": 'template_key = "qbr" and noted_on within last 30 days',
            "sort": "-noted_on",
        },
    }
}


@router.get("", response_model=CountedPage[NoteOut], summary="List notes")
async def list_notes(
    caller: Reader, uow: Uow, running: ServiceDep, params: Annotated[ListParams, Query()]
) -> Any:
    """Notes that the caller may see, newest first unless `sort` says otherwise, and those that
    `filter` finds if there is one: `noted_on within last 30 days`. A private note is seen by its
    author only.
    """
    query = ListQuery(**params.model_dump())
    return await service.list_notes(uow, caller, query, running.cursors)


@router.post("/search", response_model=CountedPage[NoteOut], summary="Search notes")
async def search_notes(
    data: Annotated[SearchBody, Body(openapi_examples=_SEARCH)],
    caller: Reader,
    uow: Uow,
    running: ServiceDep,
) -> Any:
    """Finds notes by a rule, as the list does; a rule that is too long for an address fits here."""
    query = ListQuery(**data.model_dump(), pointers="")
    return await service.list_notes(uow, caller, query, running.cursors)


@router.post(
    "",
    status_code=201,
    response_model=NoteOut,
    summary="Create a note",
    response_description="The note; what it says of records is written.",
    responses={
        202: {
            "model": NoteOut,
            "description": "Kept as a draft: its fields are written when our records answer again.",
        }
    },
)
async def create_note(
    data: Annotated[NoteIn, Body(openapi_examples=_NOTE)],
    caller: Writer,
    begin: BeginUow,
    running: ServiceDep,
    response: Response,
) -> Any:
    """Its `field_values` are written to the records as whoever asks may write them: 403 and 422 say
    what they may not. 409 shows both values where somebody else changed the record after the
    version in `record_versions`; nothing is stored then. Its subject and its account must be there.
    """
    named = Named(data.subject_type, data.subject_id, data.account_id, author_id=data.author_id)
    members, faults = await look_at(running, caller, NOTE.name, data.traits)
    data = data.model_copy(update=await must_exist(running, caller, named, faults))
    if data.field_values:
        # Not within the transaction that stores it: another service is asked.
        units = running.units
        async with units.begin(caller.workspace_id, caller.cause, read_only=True) as look:
            draft = await service.draft_of(look, caller, data, members)
        draft = await service.write_fields(running, draft)
        uow = await begin()
        draft = await service.with_traits(uow, caller, draft, data.traits, members)
    else:
        uow = await begin()
        draft = await service.draft_of(uow, caller, data, members)
    note = await service.create_note(uow, draft)
    if note.field_write == "pending":
        response.status_code = 202
    return note


@router.get("/{id}", response_model=NoteOut, summary="Get a note")
async def get_note(note_id: NoteId, caller: Reader, uow: Uow) -> Any:
    """One note. Somebody else's private note is a 404."""
    return await service.get_note(uow, caller, note_id)


@router.patch("/{id}", response_model=NoteOut, summary="Update a note")
@all_faults_at_once
async def update_note(
    note_id: NoteId,
    data: Annotated[NotePatch, Body(openapi_examples={"title": {"value": {"title": "Review"}}})],
    caller: Writer,
    running: ServiceDep,
    begin: BeginUow,
    if_match: IfMatch,
) -> Any:
    """Changes the text and the words about it; the values that it wrote to records stay."""
    members = await known_members(running, caller, NOTE.name, data.traits)
    uow = await begin()
    held_to = await write_of(uow, caller, NOTE.name, members) if data.traits else None
    note = await service.get_note(uow, caller, note_id, lock=True)
    check_version(if_match, note.version)
    return await service.update_note(uow, note, data, held_to)


@router.delete("/{id}", status_code=204, summary="Delete a note")
async def delete_note(note_id: NoteId, caller: Writer, uow: Uow, if_match: IfMatch) -> None:
    """Deletes the note for good. The values that it wrote to records stay."""
    note = await service.get_note(uow, caller, note_id, lock=True)
    check_version(if_match, note.version)
    await service.delete_note(uow, note)

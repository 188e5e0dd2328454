from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Path, Response

from shared.auth import Caller
from shared.bulk import BulkOut, bulk_response
from shared.history.schemas import (
    FieldChangeOut,
    FieldParam,
    KnownUntilParam,
    SinceParam,
    UntilParam,
)
from shared.paging import CursorParam, Limit, Page
from shared.schemas import ExternalId
from shared.web.routing import BeginUow, ServiceDep, Uow, api_router, require
from shared.web.versions import OptionalIfMatch
from tasks_api.notes.note_records import service
from tasks_api.notes.note_records.schemas import EXAMPLE, NoteRow, NoteRows, NoteUpsert
from tasks_api.notes.notes import service as notes
from tasks_api.notes.notes.rules import NOTE
from tasks_api.notes.notes.schemas import NoteOut
from tasks_api.records.history import service as history
from tasks_api.records.upserts.service import be_quiet, read_one, read_rows

router = api_router("/v1/notes", "Notes")

Reader = Annotated[Caller, require("notes:read")]
Writer = Annotated[Caller, require("notes:write")]
ExternalIdPath = Annotated[
    ExternalId,
    Path(description="The note's id in your system; a `/` in it is sent as `%2F`."),
]


@router.post("/bulk", response_model=BulkOut, summary="Upsert notes")
async def upsert_notes(
    data: NoteRows, caller: Writer, running: ServiceDep, begin: BeginUow
) -> Response:
    """Creates or changes up to 5,000 notes by `external_id`, or updates them by `id`. Each row is
    accepted or rejected by itself, and sending the same rows again changes nothing. A note of
    another platform arrives with its author and its date, and names its records by their external
    ids. One that somebody deleted is rejected as `deleted_by_person`
    unless its row says `restore`.
    """
    quiet = data.quiet
    read = await read_rows(running, caller, NOTE.name, data.listed(), NoteRow)
    uow = await begin()
    be_quiet(uow, quiet, "Bulk write of notes", dry_run=data.dry_run)
    outcomes = await service.write_notes(uow, caller, read, dry_run=data.dry_run)
    return bulk_response(outcomes, quiet.id if quiet else None)


@router.get(
    "/by-external-id/{external_id:path}",
    response_model=NoteOut,
    summary="Get the note with an external id",
)
async def get_note_by_external_id(external_id: ExternalIdPath, caller: Reader, uow: Uow) -> Any:
    """The note that has this external id. Somebody else's private note is a 404."""
    return await notes.get_note_by_external_id(uow, caller, external_id)


@router.put(
    "/by-external-id/{external_id:path}",
    response_model=NoteOut,
    summary="Create or update the note with an external id",
    responses={201: {"model": NoteOut, "description": "It did not exist."}},
)
async def put_note(
    external_id: ExternalIdPath,
    data: Annotated[
        NoteUpsert, Body(openapi_examples={"of_2021": {"summary": "One of 2021", "value": EXAMPLE}})
    ],
    version: OptionalIfMatch,
    caller: Writer,
    running: ServiceDep,
    begin: BeginUow,
    response: Response,
) -> Any:
    """Sets what the body says and creates the note if there is none; a field left out stays as it
    is. 409 answers an external id that somebody else's private note has, and that of a note that
    somebody deleted unless the body says `restore`.
    """
    read = await read_one(running, caller, NOTE.name, data, external_id, version)
    uow = await begin()
    (outcome,) = await service.write_notes(uow, caller, read, shows=True)
    response.status_code = 201 if outcome.status == "created" else 200
    return await service.note_written(uow, outcome)


@router.get(
    "/{note_id}/history", response_model=Page[FieldChangeOut], summary="List changes of a note"
)
async def list_note_history(
    note_id: Annotated[UUID, Path(description="The id of the note that changed.")],
    caller: Reader,
    uow: Uow,
    running: ServiceDep,
    field: FieldParam = None,
    since: SinceParam = None,
    until: UntilParam = None,
    known_until: KnownUntilParam = None,
    cursor: CursorParam = None,
    limit: Limit = 50,
) -> Response:
    """Lists the changes of the note, newest first, each with when it became true, when Tenure
    learned of it, and why. It begins with `created`, and goes with a note that is deleted.
    """
    await notes.get_note(uow, caller, note_id)
    wanted = history.Wanted(field, since, until, known_until)
    body = await history.page(uow, NOTE.name, note_id, running.cursors, wanted, cursor, limit)
    return Response(body, media_type="application/json")

from typing import Annotated, Any

from fastapi import Body, Path

from shared.auth import Caller
from shared.errors import check_version
from shared.paging import CursorParam, Limit, Page
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import BeginUow, ServiceDep, Uow, api_router, require
from shared.web.versions import IfMatch
from tasks_api.notes.note_templates import service
from tasks_api.notes.note_templates.schemas import (
    NoteTemplateIn,
    NoteTemplateOut,
    NoteTemplatePatch,
    bound_fields,
)
from tasks_api.replica.references import must_be_writable

router = api_router("/v1/note-templates", "Note templates")

Reader = Annotated[Caller, require("note_templates:read")]
Writer = Annotated[Caller, require("note_templates:write")]
Key = Annotated[
    str,
    Path(
        max_length=63,
        description="The key of the note template.",
        examples=["scaled_mid_contract_review"],
    ),
]

_TEMPLATE: Any = {
    "call": {
        "value": {
            "key": "logging_calls",
            "title": "Logging Calls",
            "body": "<p>What was said?</p>",
            "fields": [
                {"key": "deal_room", "label": "Deal room", "field": "deal_room_url"},
            ],
        }
    }
}


@router.get("", response_model=Page[NoteTemplateOut], summary="List note templates")
async def list_note_templates(
    caller: Reader,
    uow: Uow,
    running: ServiceDep,
    limit: Limit = 50,
    cursor: CursorParam = None,
) -> Any:
    """Templates in their current version, by key."""
    return await service.list_templates(uow, cursor, limit, running.cursors)


@router.post("", status_code=201, response_model=NoteTemplateOut, summary="Create a note template")
@all_faults_at_once
async def create_note_template(
    data: Annotated[NoteTemplateIn, Body(openapi_examples=_TEMPLATE)],
    caller: Writer,
    begin: BeginUow,
    running: ServiceDep,
) -> Any:
    """Makes version 1, or the next one of a template that was deleted. Fields that its questions
    write must be there: of accounts, or of any type of record for those of the subject.
    """
    await must_be_writable(running, caller, bound_fields(data.fields))
    return await service.create_template(await begin(), data)


@router.get("/{key}", response_model=NoteTemplateOut, summary="Get a note template")
async def get_note_template(
    key: Key,
    caller: Reader,
    uow: Uow,
) -> Any:
    """One template, in its current version."""
    return await service.get_template(uow, key)


@router.patch("/{key}", response_model=NoteTemplateOut, summary="Update a note template")
@all_faults_at_once
async def update_note_template(
    key: Key,
    data: Annotated[
        NoteTemplatePatch, Body(openapi_examples={"title": {"value": {"title": "Calls"}}})
    ],
    caller: Writer,
    begin: BeginUow,
    running: ServiceDep,
    if_match: IfMatch,
) -> Any:
    """Makes a new version; notes keep the version that they were written with."""
    await must_be_writable(running, caller, bound_fields(data.fields))
    uow = await begin()
    template = await service.get_template(uow, key, lock=True)
    check_version(if_match, template.version)
    return await service.update_template(uow, template, data)

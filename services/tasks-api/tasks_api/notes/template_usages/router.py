from typing import Annotated, Any

from fastapi import Query

from shared.auth import Caller
from shared.web.routing import Uow, api_router, require
from shared.web.versions import IfMatch
from tasks_api.notes.note_templates.schemas import TemplateKey
from tasks_api.notes.template_usages import service
from tasks_api.notes.template_usages.schemas import TemplateUsages

router = api_router("/v1/note-templates", "Note templates")


@router.get(
    "/{key}/usages", response_model=TemplateUsages, summary="Get the usages of a note template"
)
async def get_note_template_usages(
    key: TemplateKey, caller: Annotated[Caller, require("note_templates:read")], uow: Uow
) -> Any:
    """The notes that were written with it, of any version: counted, and the newest named. What is
    private is counted and not named.
    """
    return await service.template_usages(uow, key)


@router.delete("/{key}", status_code=204, summary="Delete a note template")
async def delete_note_template(
    key: TemplateKey,
    caller: Annotated[Caller, require("note_templates:write")],
    uow: Uow,
    if_match: IfMatch,
    *,
    force: Annotated[bool, Query(description="Do it although notes use it.")] = False,
) -> None:
    """Notes that were written with it keep their text. 409 with the list while there are some."""
    await service.delete_template(uow, key, if_match, force=force)

from typing import Annotated, Any

from fastapi import Path, Query

from shared.auth import Caller
from shared.web.routing import Uow, api_router, require
from shared.web.versions import IfMatch
from tasks_api.notes.template_usages import service
from tasks_api.notes.template_usages.schemas import TemplateUsages

router = api_router("/v1/note-templates", "Note templates")

Key = Annotated[
    str,
    Path(
        max_length=63,
        description="The key of the note template.",
        examples=["scaled_mid_contract_review"],
    ),
]


@router.get(
    "/{key}/usages", response_model=TemplateUsages, summary="Get the usages of a note template"
)
async def get_note_template_usages(
    key: Key, caller: Annotated[Caller, require("note_templates:read")], uow: Uow
) -> Any:
    """The notes that were written with it, of any version: counted, and the newest named. What is
    private is counted and not named.
    """
    return await service.template_usages(uow, key)


@router.delete("/{key}", status_code=204, summary="Delete a note template")
async def delete_note_template(
    key: Key,
    caller: Annotated[Caller, require("note_templates:write")],
    uow: Uow,
    if_match: IfMatch,
    *,
    force: Annotated[bool, Query(description="Do it although notes use it.")] = False,
) -> None:
    """Notes that were written with it keep their text. 409 with the list while there are some."""
    await service.delete_template(uow, key, if_match, force=force)

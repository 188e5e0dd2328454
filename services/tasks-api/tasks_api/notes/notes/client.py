"""What notes ask of the accounts service: write the fields that a note binds to records."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from shared.auth import Subject
from shared.events.base import Cause
from shared.net.answers import Answer, OutgoingError
from shared.service import Service
from tasks_api.notes.note_templates.rules import NoteRecord
from tasks_api.notes.notes.rules import RecordPatch

_UNSAID = frozenset({401, 429})
_FIRST_SERVER_ERROR = 500


class AccountsAway(Exception):
    """The accounts service gave no answer that says anything of the fields: try later."""


async def patch_records(
    running: Service,
    workspace_id: UUID,
    cause: Sequence[Cause],
    subject: Subject | None,
    patches: Mapping[NoteRecord, RecordPatch],
) -> Answer:
    """All records or none, as `subject` may now: 200, 403, 409 when somebody else came first, 422.
    Writing the same values twice changes nothing there. Raises `AccountsAway`.
    """
    body = {name: patch.as_json() for name, patch in patches.items()}
    try:
        answer = await running.ask(
            "accounts",
            "POST",
            "/internal/records/patch",
            workspace_id=workspace_id,
            cause=cause,
            subject=subject,
            json={"patches": body},
        )
    except OutgoingError as error:
        raise AccountsAway(str(error)) from error
    if answer.status >= _FIRST_SERVER_ERROR or answer.status in _UNSAID:
        raise AccountsAway(f"The accounts service answered {answer.status}.")
    return answer

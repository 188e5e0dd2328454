from typing import Final

from shared.errors import AppError, Conflict, NotFound


class RecordNotFound(NotFound):
    title = "There is no such record here"


class RecordDeleted(NotFound):
    code = "deleted"
    title = "This record was deleted"


TAKEN: Final = "taken"
"""Code of the fault that `ExternalIdTaken` tells."""


class ExternalIdTaken(Conflict):
    code = "external_id_taken"
    title = "Another record has this external id"


class DeletedByPerson(Conflict):
    code = "deleted_by_person"
    title = "A person deleted this record"


class MergedAway(Conflict):
    code = "merged"
    title = "This record was merged into another"


class OwnedElsewhere(Conflict):
    code = "owned_elsewhere"
    title = "Another system owns these fields of the record"


class CannotMerge(Conflict):
    code = "cannot_merge"
    title = "These two records cannot be merged"


class NotWritten(AppError):
    code = "not_written"
    title = "This row could not be written; the others do not depend on it"


class NotAllWritten(AppError):
    """The rest is kept."""

    code = "not_all_written"
    title = "Some records could not be written"
    keeps_work = True

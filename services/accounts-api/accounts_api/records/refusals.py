from shared.errors import Conflict, NotFound


class RecordNotFound(NotFound):
    title = "There is no such record here"


class RecordDeleted(NotFound):
    code = "deleted"
    title = "This record was deleted"


class ExternalIdTaken(Conflict):
    code = "external_id_taken"
    title = "Another record has this external id"


class DeletedByPerson(Conflict):
    code = "deleted_by_person"
    title = "A person deleted this record"


class MergedAway(Conflict):
    code = "merged"
    title = "This record was merged into another"


class CannotMerge(Conflict):
    code = "cannot_merge"
    title = "These two records cannot be merged"

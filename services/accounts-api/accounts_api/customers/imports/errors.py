from shared.errors import BadRequest, Conflict, NotFound


class ImportNotFound(NotFound):
    title = "There is no such import"


class WrongState(Conflict):
    code = "wrong_state"
    title = "The import is not in a state for this"


class UploadInterrupted(BadRequest):
    code = "upload_interrupted"
    title = "The upload was interrupted"


class RecordTypeGone(Conflict):
    code = "record_type_gone"
    title = "The object type that the file is for is gone or archived"

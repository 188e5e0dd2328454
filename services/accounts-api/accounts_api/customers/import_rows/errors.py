from shared.errors import Conflict


class FileGone(Conflict):
    code = "file_removed"
    title = "The file was removed"


class OtherRowRejected(Conflict):
    code = "other_row_rejected"
    title = "Another row about the same record is rejected"

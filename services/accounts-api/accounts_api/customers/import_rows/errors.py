from shared.errors import Conflict


class FileGone(Conflict):
    code = "file_removed"
    title = "The file was removed"

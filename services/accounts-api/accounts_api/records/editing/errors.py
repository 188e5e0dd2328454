from shared.errors import Conflict


class OwnerDeleted(Conflict):
    code = "owner_deleted"
    title = "What this record belongs to was deleted"

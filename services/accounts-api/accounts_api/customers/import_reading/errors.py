from shared.errors import Conflict


class OtherRowRejected(Conflict):
    code = "other_row_rejected"
    title = "Another row about the same record is rejected"

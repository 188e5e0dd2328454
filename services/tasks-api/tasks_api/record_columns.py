"""Which columns of this service name records, for who follows them and for the test of that."""

from typing import Final

from shared.record_columns import RecordColumn

_COPY: Final = "a copy: the events of the record itself change it"
_OURS: Final = "names a task or a note"
RECORD_COLUMNS: Final = (
    RecordColumn("tasks", "subject_id", type_column="subject_type"),
    RecordColumn("tasks", "account_id", "account"),
    RecordColumn("notes", "subject_id", type_column="subject_type"),
    RecordColumn("notes", "account_id", "account"),
    RecordColumn("notifications", "subject_id", type_column="subject_type"),
    RecordColumn("field_changes", "record_id", type_column="record_type", kept=_OURS),
    RecordColumn("accounts", "id", "account", kept=_COPY),
)

"""Which columns of this service name records, and why none of them follows a merge by itself."""

from typing import Final

from shared.record_columns import RecordColumn

RECORD_COLUMNS: Final = (
    RecordColumn(
        "source_records",
        "record_id",
        type_column="stream",
        kept="what the record became here then; it is written by its external id, which leads to"
        " the winner",
    ),
    RecordColumn(
        "contact_addresses", "contact_id", "contact", kept="a copy: the contact's events change it"
    ),
)

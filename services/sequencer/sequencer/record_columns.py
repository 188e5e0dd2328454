"""Which columns of this service name records, and why none of them follows a merge by itself."""

from typing import Final

from shared.record_columns import RecordColumn

_COPY: Final = "a copy: the events of the record itself change it"
_ENTRY: Final = "its sequences are evaluated again, and what stood between them goes"
_LEDGER: Final = "says whom a mail went to and for what, as it was then"
RECORD_COLUMNS: Final = (
    RecordColumn("opportunities", "id", "opportunity", kept=_COPY),
    RecordColumn("opportunities", "account_id", "account", kept=_COPY),
    RecordColumn("accounts", "id", "account", kept=_COPY),
    RecordColumn("contacts", "id", "contact", kept=_COPY),
    RecordColumn("contact_accounts", "contact_id", "contact", kept=_COPY),
    RecordColumn("contact_accounts", "account_id", "account", kept=_COPY),
    RecordColumn("segment_members", "record_id", type_column="segments", kept=_COPY),
    RecordColumn(
        "enrollments", "opportunity_id", "opportunity", kept="it exits with its opportunity"
    ),
    RecordColumn("enrollments", "account_id", "account", kept="follows that of its opportunity"),
    RecordColumn("enrollments", "contact_id", "contact", kept="enrollments.replace_merged_contact"),
    RecordColumn("messages", "opportunity_id", "opportunity", kept=_LEDGER),
    RecordColumn("messages", "account_id", "account", kept=_LEDGER),
    RecordColumn("messages", "contact_id", "contact", kept=_LEDGER),
    RecordColumn("blocks", "opportunity_id", "opportunity", kept=_ENTRY),
    RecordColumn("entry_requests", "opportunity_id", "opportunity", kept=_ENTRY),
    RecordColumn("quiet_entries", "opportunity_id", "opportunity", kept=_ENTRY),
    RecordColumn("reevaluation_queue", "opportunity_id", "opportunity", kept=_ENTRY),
    RecordColumn("quarantined_opportunities", "opportunity_id", "opportunity", kept=_ENTRY),
)

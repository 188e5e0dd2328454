"""SQL of this feature, by what it is about."""

from sync_worker.crm_sync.source_records.queries.endings import (
    end_records,
    losses,
    mark_absent_for_deletion,
    mark_for_deletion,
    postpone_end,
    records_pending_deletion,
    send_whole,
    unmark_for_deletion,
)
from sync_worker.crm_sync.source_records.queries.records import (
    Kept,
    associations_of,
    keep_records,
    known_records,
    make_stale,
    mark_seen,
    members_by_user,
    records_to_read_again,
)
from sync_worker.crm_sync.source_records.queries.troubled import (
    Rejected,
    Warned,
    count_troubled,
    rejected_page,
    retry_rejected,
    send_left_out_again,
    warned_page,
)

__all__ = [
    "Kept",
    "Rejected",
    "Warned",
    "associations_of",
    "count_troubled",
    "end_records",
    "keep_records",
    "known_records",
    "losses",
    "make_stale",
    "mark_absent_for_deletion",
    "mark_for_deletion",
    "mark_seen",
    "members_by_user",
    "postpone_end",
    "records_pending_deletion",
    "records_to_read_again",
    "rejected_page",
    "retry_rejected",
    "send_left_out_again",
    "send_whole",
    "unmark_for_deletion",
    "warned_page",
]

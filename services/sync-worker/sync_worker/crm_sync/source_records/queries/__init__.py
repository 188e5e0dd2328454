"""SQL of this feature, by what it is about."""

from sync_worker.crm_sync.source_records.queries.endings import (
    doom,
    doom_absent,
    doomed_records,
    end_records,
    losses,
    postpone_end,
    send_whole,
    spare_doomed,
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
    count_troubled,
    parked_page,
    retry_parked,
    send_left_out_again,
    warned_page,
)

__all__ = [
    "Kept",
    "associations_of",
    "count_troubled",
    "doom",
    "doom_absent",
    "doomed_records",
    "end_records",
    "keep_records",
    "known_records",
    "losses",
    "make_stale",
    "mark_seen",
    "members_by_user",
    "parked_page",
    "postpone_end",
    "records_to_read_again",
    "retry_parked",
    "send_left_out_again",
    "send_whole",
    "spare_doomed",
    "warned_page",
]

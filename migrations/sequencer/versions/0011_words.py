"""The words of the API, where they were not the field's: see docs/glossary.md."""

from collections.abc import Iterable

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = (
    ("agenda", "reevaluation_queue"),
    ("set_aside_records", "quarantined_opportunities"),
)
# By the names that the tables have afterwards.
COLUMNS = (
    ("reevaluation_queue", "record_id", "opportunity_id"),
    ("quarantined_opportunities", "record_id", "opportunity_id"),
    ("enrollments", "record_id", "opportunity_id"),
    ("enrollments", "end_reason", "exit_reason"),
    ("enrollments", "ended_at", "exited_at"),
    ("messages", "record_id", "opportunity_id"),
    ("blocks", "record_id", "opportunity_id"),
    ("blocks", "offers", "available_actions"),
    ("entry_requests", "record_id", "opportunity_id"),
    ("mailboxes", "paused_reason", "pause_reason"),
    ("opportunities", "enter_by_hand", "manual_entry"),
)
CONSTRAINTS = (
    ("reevaluation_queue", "pk_agenda", "pk_reevaluation_queue"),
    ("quarantined_opportunities", "pk_set_aside_records", "pk_quarantined_opportunities"),
)
INDEXES = (
    ("ix_agenda_due", "ix_reevaluation_queue_due"),
    ("ix_enrollments_record", "ix_enrollments_opportunity"),
)
# Stored words: table, column, before, now.
VALUES = (
    ("enrollments", "exit_reason", "by_hand", "manual"),
    ("enrollments", "pause_reason", "by_hand", "manual"),
    ("enrollments", "pause_reason", "contact_resting", "contact_soft_bounced"),
    ("messages", "reason", "by_hand", "manual"),
    ("messages", "reason", "contact_resting", "contact_soft_bounced"),
    ("messages", "reason", "enrollment_ended", "enrollment_exited"),
    ("blocks", "cause", "contact_resting", "contact_soft_bounced"),
    ("blocks", "available_actions", "enter,send_now,call", "enroll,send_now,call"),
    ("blocks", "available_actions", "enter,call", "enroll,call"),
    ("enrollment_entries", "kind", "ended", "exited"),
)


def renamed(statements: Iterable[str]) -> None:
    """No release runs these tables under their old names, so nothing runs beside this."""
    for statement in statements:
        op.execute(
            f"-- squawk-ignore renaming-table, renaming-column, renaming-object\n{statement}"
        )


def open_state(before: str, now: str) -> None:
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"
        "alter table enrollments drop constraint ck_enrollments_state"
    )
    op.execute(f"update enrollments set state = '{now}' where state = '{before}'")
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\n"
        "alter table enrollments add constraint ck_enrollments_state"
        f" check (state in ('active', 'paused', '{now}'))"
    )
    op.execute("-- squawk-ignore require-concurrent-index-deletion\ndrop index uq_enrollments_open")
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"
        "create unique index uq_enrollments_open"
        f" on enrollments (workspace_id, sequence_id, opportunity_id) where state <> '{now}'"
    )


def upgrade() -> None:
    renamed(f"alter table {before} rename to {now}" for before, now in TABLES)
    renamed(f"alter table {table} rename column {a} to {b}" for table, a, b in COLUMNS)
    renamed(f"alter table {table} rename constraint {a} to {b}" for table, a, b in CONSTRAINTS)
    renamed(f"alter index {before} rename to {now}" for before, now in INDEXES)
    for table, column, before, now in VALUES:
        op.execute(f"update {table} set {column} = '{now}' where {column} = '{before}'")
    open_state("ended", "exited")


def downgrade() -> None:
    # The index names a column that is renamed below; PostgreSQL follows that by itself.
    open_state("exited", "ended")
    for table, column, before, now in VALUES:
        op.execute(f"update {table} set {column} = '{before}' where {column} = '{now}'")
    renamed(f"alter index {now} rename to {before}" for before, now in INDEXES)
    renamed(f"alter table {table} rename constraint {b} to {a}" for table, a, b in CONSTRAINTS)
    renamed(f"alter table {table} rename column {b} to {a}" for table, a, b in COLUMNS)
    renamed(f"alter table {now} rename to {before}" for before, now in TABLES)

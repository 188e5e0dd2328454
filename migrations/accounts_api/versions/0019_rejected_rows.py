"""Rows of an import are rejected and processed, as the API says; so is a secret that was replaced."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

COLUMNS = (
    ("imports", "done_rows", "processed_rows"),
    ("imports", "refused", "rejected"),
    ("api_keys", "previous_until", "previous_secret_expires_at"),
)


def statuses(allowed: str, before: str, now: str) -> None:
    # The rows of files of the last thirty days, and those that changed nothing are not kept.
    op.execute(
        "-- squawk-ignore ban-drop-constraint\nalter table import_rows drop constraint ck_import_rows_status"
    )
    op.execute(f"update import_rows set status = '{now}' where status = '{before}'")
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\n"
        f"alter table import_rows add constraint ck_import_rows_status check ({allowed})"
    )


def renamed(table: str, before: str, now: str) -> None:
    """No release runs these tables under their old names, so nothing runs beside this."""
    op.execute(
        f"-- squawk-ignore renaming-column\nalter table {table} rename column {before} to {now}"
    )


def upgrade() -> None:
    for table, before, now in COLUMNS:
        renamed(table, before, now)
    statuses("status in ('created', 'updated', 'rejected')", "refused", "rejected")


def downgrade() -> None:
    statuses("status in ('created', 'updated', 'refused')", "rejected", "refused")
    for table, before, now in COLUMNS:
        renamed(table, now, before)

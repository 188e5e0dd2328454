"""Copies of the calendars."""

from alembic import op

from shared.migrations import lay_calendar_copies

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    lay_calendar_copies("tenure_sync")


def downgrade() -> None:
    op.execute("drop table calendars")

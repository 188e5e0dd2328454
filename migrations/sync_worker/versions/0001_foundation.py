"""The tables that every service has."""

from alembic import op

from shared.migrations import lay_foundation

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    lay_foundation("tenure_sync")
    op.execute("grant select on alembic_version to tenure_sync")


def downgrade() -> None:
    op.execute("drop function workspace_now(uuid)")
    for table in ("idempotency_keys", "dead_events", "checkpoints", "events", "workspaces"):
        op.execute(f"drop table {table}")

"""Quiet runs, quiet events, and the endpoints that are sent them."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "partner_events",
        sa.Column(
            "quiet_batch_id", sa.Uuid(), nullable=True, comment="the batch under which it is quiet"
        ),
        schema="sync",
    )
    op.add_column(
        "sync_runs",
        sa.Column(
            "quiet_batch_id",
            sa.Uuid(),
            nullable=True,
            comment="the batch under which it writes records quietly",
        ),
        schema="sync",
    )
    op.add_column(
        "webhook_endpoints",
        sa.Column("include_quiet", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="sync",
    )


def downgrade() -> None:
    op.drop_column("webhook_endpoints", "include_quiet", schema="sync")
    op.drop_column("sync_runs", "quiet_batch_id", schema="sync")
    op.drop_column("partner_events", "quiet_batch_id", schema="sync")

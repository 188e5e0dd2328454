"""Which changes of fields were told after the field had become something else."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "field_changes",
        sa.Column(
            "late",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="the field was known to become something else afterwards",
        ),
        schema="accounts",
    )
    # A partitioned table takes no concurrent index; this one is of no row yet, so it is made in the
    # time of one look.
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"
        "create index ix_field_changes_late on field_changes"
        " (workspace_id, record_type, record_id, field) where late"
    )


def downgrade() -> None:
    op.drop_index("ix_field_changes_late", "field_changes", schema="accounts")
    op.drop_column("field_changes", "late", schema="accounts")

"""Which task an indicator has called for, and how far it was heard of."""

import sqlalchemy as sa
from alembic import op

from shared.migrations import enable_rls

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "indicator_tasks",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("indicator_id", sa.Uuid(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="of the indicator, as it was heard of last",
        ),
        sa.Column(
            "task_id", sa.Uuid(), nullable=True, comment="null: it has called for nothing so far"
        ),
        sa.PrimaryKeyConstraint("workspace_id", "indicator_id", name=op.f("pk_indicator_tasks")),
        schema="tasks",
    )
    enable_rls("indicator_tasks", app_role="tenure_tasks")


def downgrade() -> None:
    op.drop_table("indicator_tasks", schema="tasks")

"""Tasks and notes leave lists with the records that they are about."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "notes",
        sa.Column(
            "hidden_by",
            sa.ARRAY(sa.Uuid()),
            server_default="{}",
            nullable=False,
            comment="records that it is about and that are deleted or ignored: lists leave it out",
        ),
        schema="tasks",
    )
    op.add_column(
        "tasks",
        sa.Column(
            "hidden_by",
            sa.ARRAY(sa.Uuid()),
            server_default="{}",
            nullable=False,
            comment="records that it is about and that are deleted or ignored: lists leave it out",
        ),
        schema="tasks",
    )


def downgrade() -> None:
    op.drop_column("tasks", "hidden_by", schema="tasks")
    op.drop_column("notes", "hidden_by", schema="tasks")

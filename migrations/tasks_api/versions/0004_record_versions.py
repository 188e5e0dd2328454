"""The versions of records that the author of a note saw."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "notes", sa.Column("record_versions", JSONB(), server_default="{}", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("notes", "record_versions")

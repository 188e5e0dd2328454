"""Keys of segments, as events tell them."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.Column("key", sa.Text(), comment="null: no event has told it yet")
    op.add_column("segments", key, schema="sequencer")


def downgrade() -> None:
    op.drop_column("segments", "key", schema="sequencer")

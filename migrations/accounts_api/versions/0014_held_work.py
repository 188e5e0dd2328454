"""Work that failed on one item is held back with its reason."""

from alembic import op

from shared.migrations import lay_held_work

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    lay_held_work("tenure_accounts")


def downgrade() -> None:
    op.execute("drop table held_work")

"""Rules that assign key roles are a kind by the word of the API."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_CHANGE = "update evaluated_rules set kind = '{}' where kind = '{}'"


def upgrade() -> None:
    op.execute(_CHANGE.format("assignment", "stewardship"))


def downgrade() -> None:
    op.execute(_CHANGE.format("stewardship", "assignment"))

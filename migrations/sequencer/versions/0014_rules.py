"""What rules over enrollments and messages call."""

from shared.migrations import lay_rules, take_up_rules

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    lay_rules()


def downgrade() -> None:
    take_up_rules()

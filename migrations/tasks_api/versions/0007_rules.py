"""What rules over tasks and notes call."""

from shared.migrations import lay_rules, take_up_rules

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    lay_rules()


def downgrade() -> None:
    take_up_rules()

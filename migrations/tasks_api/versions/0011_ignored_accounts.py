"""What is made about an ignored account is in no list from the beginning.

A copy learns whether its account is ignored from the next event of it.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table accounts add column ignored boolean not null default false")


def downgrade() -> None:
    op.execute("alter table accounts drop column ignored")

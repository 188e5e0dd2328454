"""What a person was told that they can do about a record that does not enter by itself."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table blocks add column offers text not null default ''")


def downgrade() -> None:
    op.execute("alter table blocks drop column offers")

"""Since when a person wants a parked mail read again."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table parked_mails add column asked_at timestamptz")
    op.execute(
        "comment on column parked_mails.asked_at is 'since when a person wants it read again'"
    )


def downgrade() -> None:
    op.execute("alter table parked_mails drop column asked_at")

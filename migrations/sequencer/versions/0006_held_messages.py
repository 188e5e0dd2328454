"""A mail remembers that its being held was told, so that the end of it is told too."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table messages add column held_at timestamptz")
    op.execute(
        "comment on column messages.held_at is"
        " 'since when others believe that it is held or unknown; workspace time'"
    )


def downgrade() -> None:
    op.execute("alter table messages drop column held_at")

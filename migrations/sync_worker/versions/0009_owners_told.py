"""Of which version of a connection others know what it owns."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table connections add column owners_told integer not null default 0")
    op.execute(
        "comment on column connections.owners_told is"
        " 'version of it and its mapping of which others know the fields that it owns'"
    )


def downgrade() -> None:
    op.execute("alter table connections drop column owners_told")

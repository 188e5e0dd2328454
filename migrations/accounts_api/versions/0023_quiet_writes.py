"""Imports say what follows from their rows."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        alter table accounts.imports
            add column automation text not null default 'quiet'
                constraint ck_imports_automation check (automation in ('run', 'quiet'))
        """
    )


def downgrade() -> None:
    op.drop_column("imports", "automation", schema="accounts")

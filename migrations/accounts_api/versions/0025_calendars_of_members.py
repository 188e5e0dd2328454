"""The calendars of members are known to be there: checked apart, as it reads every member."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "alter table members validate constraint fk_members_workspace_id_calendar_id_calendars"
    )


def downgrade() -> None:
    """What was checked is true all the same."""

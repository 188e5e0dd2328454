"""Copies of the calendars, and by whose a task's due instant was counted."""

from alembic import op

from shared.migrations import lay_calendar_copies

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    lay_calendar_copies("tenure_tasks")
    op.execute("alter table members add column calendar_id uuid")
    op.execute("alter table tasks add column due_member_id uuid")
    op.execute(
        "comment on column tasks.due_member_id is"
        " 'by whose calendar due_at was counted; null: the workspace''s'"
    )
    op.execute("update tasks set due_member_id = assignee_id where due_rule ? 'business_days'")


def downgrade() -> None:
    op.execute("alter table tasks drop column due_member_id")
    op.execute("alter table members drop column calendar_id")
    op.execute("drop table calendars")

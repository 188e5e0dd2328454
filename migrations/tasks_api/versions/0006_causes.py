"""Causes that the sequencer calls by another word now, in tasks and in what keeps one open of each."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CAUSES = (
    ("contact_resting", "contact_soft_bounced"),
    ("record_set_aside", "record_quarantined"),
)


def renamed(before: str, now: str) -> None:
    op.execute(
        f"update tasks set cause = '{now}',"
        f" dedupe_key = '{now}' || substr(dedupe_key, {len(before) + 1}) where cause = '{before}'"
    )


def upgrade() -> None:
    for before, now in CAUSES:
        renamed(before, now)


def downgrade() -> None:
    for before, now in CAUSES:
        renamed(now, before)

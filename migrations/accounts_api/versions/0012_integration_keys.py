"""Keys of the role `integration`, which may what their scopes name."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MEMBERS_ROLES = "'admin', 'leader', 'team_member', 'observer'"


def upgrade() -> None:
    check(f"{MEMBERS_ROLES}, 'integration'")


def check(roles: str) -> None:
    # A small table: one row for each key of a workspace.
    op.execute(
        "-- squawk-ignore ban-drop-constraint\nalter table api_keys drop constraint ck_api_keys_role"
    )
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\n"
        f"alter table api_keys add constraint ck_api_keys_role check (role in ({roles}))"
    )


def downgrade() -> None:
    op.execute("delete from api_keys where role = 'integration'")
    check(MEMBERS_ROLES)

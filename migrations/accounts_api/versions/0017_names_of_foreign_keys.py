"""Foreign keys bear the names that the models give them."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

RENAMED = {
    (
        "assignment_rules",
        "fk_assignment_rules_workspace_id_key_role_definitions",
    ): "fk_assignment_rules_workspace_id_key_role_id_key_role_d_9626",
    (
        "hand_overs",
        "fk_hand_overs_workspace_id_members",
    ): "fk_hand_overs_workspace_id_member_id_members",
    (
        "key_role_assignments",
        "fk_key_role_assignments_workspace_id_key_role_key_key_r_9d71",
    ): "fk_key_role_assignments_workspace_id_key_role_key_key_r_6ff9",
    (
        "planned_holdings",
        "fk_planned_holdings_workspace_id_accounts",
    ): "fk_planned_holdings_workspace_id_account_id_accounts",
    (
        "planned_holdings",
        "fk_planned_holdings_workspace_id_key_role_definitions",
    ): "fk_planned_holdings_workspace_id_key_role_key_key_role__abec",
}


def rename(table: str, name: str, other: str) -> None:
    # No statement and no refusal of any release speaks of them by name.
    op.execute(
        f"-- squawk-ignore renaming-object\nalter table {table} rename constraint {name} to {other}"
    )


def upgrade() -> None:
    for (table, before), now in RENAMED.items():
        rename(table, before, now)


def downgrade() -> None:
    for (table, before), now in RENAMED.items():
        rename(table, now, before)

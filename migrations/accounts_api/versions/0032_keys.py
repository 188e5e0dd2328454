"""Keys of segments and rules, made of their titles."""

from alembic import op

from shared.migrations import add_keys

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

TABLES = (
    ("segments", "segment", "archived_at is null"),
    ("lifecycle_rules", "lifecycle_rule", ""),
    ("contact_deactivation_rules", "deactivation_rule", ""),
    ("assignment_rules", "assignment_rule", ""),
)


def upgrade() -> None:
    for table, kind, alive in TABLES:
        add_keys(table, kind, schema="accounts", alive=alive)


def downgrade() -> None:
    for table, _, _ in TABLES:
        op.execute(f"alter table {table} drop column key")

"""Product events of a workspace by when they happened, and those of one name."""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

ORDERS = (("happened_at", "id"), ("name", "happened_at", "id"))


def upgrade() -> None:
    # A partitioned table takes no concurrent index.
    for columns in ORDERS:
        op.execute(
            "-- squawk-ignore require-concurrent-index-creation\n"
            f"create index ix_product_events_workspace_id_{'_'.join(columns)}"
            f" on product_events (workspace_id, {', '.join(columns)})"
        )


def downgrade() -> None:
    for columns in ORDERS:
        op.execute(f"drop index ix_product_events_workspace_id_{'_'.join(columns)}")

"""Keys of webhook endpoints, made of their descriptions."""

from alembic import op

from shared.migrations import add_keys, lay_former_keys

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    lay_former_keys("tenure_sync")
    add_keys(
        "webhook_endpoints",
        "webhook_endpoint",
        schema="sync",
        title="description",
        alive="removed_at is null",
    )


def downgrade() -> None:
    op.execute("alter table webhook_endpoints drop column key")
    op.execute("drop table former_keys")

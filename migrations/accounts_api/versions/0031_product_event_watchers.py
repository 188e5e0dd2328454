"""Who watches product events by name, and wants to hear of each."""

from alembic import op

from shared.migrations import enable_rls

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

APP = "tenure_accounts"


def upgrade() -> None:
    op.execute(
        """
        create table product_event_watchers (
            workspace_id uuid not null,
            holder text not null,
            name text not null,
            constraint pk_product_event_watchers primary key (workspace_id, holder, name)
        )
        """
    )
    op.execute(
        "create index ix_product_event_watchers_workspace_id_name"
        " on product_event_watchers (workspace_id, name)"
    )
    comment(
        "product_event_watchers.holder",
        "what of another service watches the name, such as sync:webhook_endpoint:<id>",
    )
    enable_rls("product_event_watchers", app_role=APP)


def comment(column: str, text: str) -> None:
    op.execute(f"comment on column {column} is '{text}'")


def downgrade() -> None:
    op.execute("drop table product_event_watchers")

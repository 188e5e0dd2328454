"""How many messages of each type and name came, and why the last was refused."""

from alembic import op

from shared.migrations import enable_rls

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

APP = "tenure_accounts"
TABLES = ("product_event_tallies", "product_event_refusals")


def upgrade() -> None:
    op.execute(
        """
        create table product_event_tallies (
            workspace_id uuid not null,
            type text not null,
            name text not null,
            shard bigint not null,
            accepted bigint not null,
            refused bigint not null,
            constraint pk_product_event_tallies primary key (workspace_id, type, name, shard)
        ) with (fillfactor = 70)
        """
    )
    comment("product_event_tallies.name", "of a track message; empty for other types")
    comment("product_event_tallies.shard", "of the connection, so that requests need not queue")
    op.execute(
        """
        create table product_event_refusals (
            workspace_id uuid not null,
            type text not null,
            name text not null,
            at timestamptz not null,
            message_id text,
            faults jsonb not null,
            constraint pk_product_event_refusals primary key (workspace_id, type, name)
        )
        """
    )
    op.execute("comment on table product_event_refusals is 'the last of each type and name'")
    for table in TABLES:
        enable_rls(table, app_role=APP)


def comment(column: str, text: str) -> None:
    op.execute(f"comment on column {column} is '{text}'")


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"drop table {table}")

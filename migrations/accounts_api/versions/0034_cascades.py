"""Whose own have not all followed them yet. What was deleted before this takes along its own, too."""

from alembic import op

from shared.migrations import enable_rls

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

APP = "tenure_accounts"


def upgrade() -> None:
    op.execute(
        """
        create table cascades (
            workspace_id uuid not null,
            record_type text not null,
            record_id uuid not null,
            version integer not null default 1,
            cause jsonb not null,
            created_at timestamptz not null default clock_timestamp(),
            constraint pk_cascades primary key (workspace_id, record_type, record_id)
        )
        """
    )
    op.execute("create index ix_cascades_created_at on cascades (created_at)")
    comment("cascades.record_id", "whose own have not all followed it yet")
    comment("cascades.version", "times it moved")
    enable_rls("cascades", app_role=APP)
    for table in ("organizations", "accounts", "contacts", "opportunities"):
        record_type = "opportunity" if table == "opportunities" else table.removesuffix("s")
        op.execute(
            f"""
            insert into cascades (workspace_id, record_type, record_id, cause)
            select workspace_id, '{record_type}', id,
                   '[{{"type": "system", "id": "cascades", "label": null}}]'
            from {table} where deleted_at is not null
            """
        )


def comment(column: str, text: str) -> None:
    op.execute(f"comment on column {column} is '{text}'")


def downgrade() -> None:
    op.execute("drop table cascades")

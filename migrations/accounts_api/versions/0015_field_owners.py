"""Which connection writes which field of the records that came from its system."""

from alembic import op

from shared.migrations import enable_rls

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table field_owners (
            workspace_id uuid not null,
            connection_id uuid not null,
            system text not null,
            title text not null,
            fields jsonb not null,
            version integer not null,
            constraint pk_field_owners primary key (workspace_id, connection_id)
        )
        """
    )
    op.execute("comment on column field_owners.system is 'the `source` of its records'")
    op.execute("comment on column field_owners.fields is 'lists of fields by record type'")
    enable_rls("field_owners", app_role="tenure_accounts")


def downgrade() -> None:
    op.execute("drop table field_owners")

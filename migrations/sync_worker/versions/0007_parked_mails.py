"""Mails that could not be read, each with its reason."""

from alembic import op

from shared.migrations import enable_rls

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table parked_mails (
            workspace_id uuid not null,
            connection_id uuid not null,
            uid_validity bigint not null,
            uid bigint not null,
            arrived_at timestamptz not null,
            reason text not null,
            parked_at timestamptz not null default clock_timestamp(),
            constraint pk_parked_mails
                primary key (workspace_id, connection_id, uid_validity, uid),
            constraint fk_parked_mails_workspace_id_connection_id_connections
                foreign key (workspace_id, connection_id)
                references connections (workspace_id, id) on delete cascade
        )
        """
    )
    enable_rls("parked_mails", app_role="tenure_sync")


def downgrade() -> None:
    op.execute("drop table parked_mails")

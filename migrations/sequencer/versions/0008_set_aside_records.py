"""Records whose sequences could not be judged."""

from alembic import op

from shared.migrations import enable_rls

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ROLE = "tenure_sequencer"


def upgrade() -> None:
    op.execute(
        """
        create table set_aside_records (
            workspace_id uuid not null,
            record_id uuid not null,
            reason text not null,
            failures integer not null,
            since timestamptz not null,
            constraint pk_set_aside_records primary key (workspace_id, record_id)
        )
        """
    )
    op.execute("comment on column set_aside_records.since is 'workspace time'")
    enable_rls("set_aside_records", app_role=ROLE)


def downgrade() -> None:
    op.execute("drop table set_aside_records")

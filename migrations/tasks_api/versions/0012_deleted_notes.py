"""Which external ids were those of notes that somebody deleted: a sync does not bring them back."""

from alembic import op

from shared.migrations import enable_rls

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table deleted_notes (
            workspace_id uuid not null,
            external_id text not null,
            created_at timestamptz not null default clock_timestamp(),
            constraint pk_deleted_notes primary key (workspace_id, external_id)
        )
        """
    )
    enable_rls("deleted_notes", app_role="tenure_tasks", grants="select, insert, delete")


def downgrade() -> None:
    op.execute("drop table deleted_notes")

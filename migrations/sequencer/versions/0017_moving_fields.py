"""Which fields of the copies time alone may change, as the accounts service tells."""

from alembic import op

from shared.migrations import enable_rls

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

APP = "tenure_sequencer"


def upgrade() -> None:
    op.execute(
        """
        create table moving_fields (
            workspace_id uuid not null,
            version bigint not null,
            fields text[] not null,
            constraint pk_moving_fields primary key (workspace_id)
        )
        """
    )
    op.execute("comment on column moving_fields.fields is 'which time alone may change'")
    enable_rls("moving_fields", app_role=APP)


def downgrade() -> None:
    op.execute("drop table moving_fields")

"""Which fields time alone may change, as the other services know it.

What the formulas of today make of it is found by whoever reads formulas. Until a trait changes, the
others ask for every trait that a template names.
"""

from alembic import op

from shared.migrations import enable_rls

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

APP = "tenure_accounts"


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
    op.execute("comment on column moving_fields.version is 'times they became others'")
    op.execute("comment on column moving_fields.fields is 'as the other services know them'")
    enable_rls("moving_fields", app_role=APP)


def downgrade() -> None:
    op.execute("drop table moving_fields")

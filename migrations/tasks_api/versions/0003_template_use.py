"""Which notes a template was used for."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(
            "create index concurrently if not exists ix_notes_template"
            " on notes (workspace_id, template_key, id) where template_key is not null"
        )


def downgrade() -> None:
    op.execute("drop index ix_notes_template")

"""Keys of sequences, made of their titles."""

from alembic import op

from shared.migrations import add_keys, lay_former_keys

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    lay_former_keys("tenure_sequencer")
    add_keys("sequences", "sequence", schema="sequencer", alive="state <> 'archived'")


def downgrade() -> None:
    op.execute("alter table sequences drop column key")
    op.execute("drop table former_keys")

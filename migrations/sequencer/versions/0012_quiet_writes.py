"""Batches of quiet writes, and the entries that each has held back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrations import enable_rls

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quiet_batches",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "cause",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="of the first write, without the batch itself",
        ),
        sa.Column(
            "opened_at", sa.DateTime(timezone=True), nullable=False, comment="workspace time"
        ),
        sa.Column(
            "written_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="of the last write we heard of",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_quiet_batches")),
        schema="sequencer",
    )
    op.create_table(
        "quiet_entries",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("sequence_id", sa.Uuid(), nullable=False),
        sa.Column("opportunity_id", sa.Uuid(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True, comment="why it was refused, for people"),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "due_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when its turn comes, once it is released",
        ),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when it entered, was refused or let go of",
        ),
        sa.CheckConstraint(
            "status in ('held', 'released', 'entered', 'refused', 'let_go')",
            name=op.f("ck_quiet_entries_status"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "batch_id"],
            ["sequencer.quiet_batches.workspace_id", "sequencer.quiet_batches.id"],
            name=op.f("fk_quiet_entries_workspace_id_batch_id_quiet_batches"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_quiet_entries")),
        schema="sequencer",
    )
    op.create_index(
        "ix_quiet_entries_batch",
        "quiet_entries",
        ["workspace_id", "batch_id", "id"],
        unique=False,
        schema="sequencer",
    )
    op.create_index(
        "uq_quiet_entries_standing",
        "quiet_entries",
        ["workspace_id", "opportunity_id", "sequence_id"],
        unique=True,
        schema="sequencer",
        postgresql_where=sa.text("status in ('held', 'released')"),
    )
    for table in ("quiet_batches", "quiet_entries"):
        enable_rls(table, app_role="tenure_sequencer", grants="select, insert, update")


def downgrade() -> None:
    op.drop_table("quiet_entries", schema="sequencer")
    op.drop_table("quiet_batches", schema="sequencer")

"""Versions of a workspace's own API, which its traits and object types make."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrations import enable_rls

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_schema_versions",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="counted from 1, without gaps"),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "shape",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="traits and object types from then on",
        ),
        sa.Column(
            "changes",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="against the version before",
        ),
        sa.Column("breaking", sa.Boolean(), nullable=False),
        sa.Column("cause", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "version", name=op.f("pk_api_schema_versions")),
        schema="accounts",
    )
    enable_rls("api_schema_versions", app_role="tenure_accounts", grants="select, insert")


def downgrade() -> None:
    op.drop_table("api_schema_versions", schema="accounts")

"""Product events that a webhook endpoint wants to hear of."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "webhook_endpoints",
        sa.Column(
            "product_events",
            postgresql.ARRAY(sa.Text()),
            server_default="{}",
            nullable=False,
            comment="names of product events to hear of",
        ),
        schema="sync",
    )


def downgrade() -> None:
    op.drop_column("webhook_endpoints", "product_events", schema="sync")

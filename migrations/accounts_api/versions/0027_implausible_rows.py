"""An import may let its rows say what cannot be so."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "imports",
        sa.Column(
            "allow_implausible", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        schema="accounts",
    )


def downgrade() -> None:
    op.drop_column("imports", "allow_implausible", schema="accounts")

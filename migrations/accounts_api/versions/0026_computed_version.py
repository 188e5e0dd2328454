"""Records count apart what is worked out of them."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TABLES = ("organizations", "accounts", "contacts", "opportunities", "objects")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(
            table,
            sa.Column(
                "computed_version",
                sa.Integer(),
                server_default=sa.text("0"),
                nullable=False,
                comment="counts changes of what no client can write; version counts all others",
            ),
            schema="accounts",
        )


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "computed_version", schema="accounts")

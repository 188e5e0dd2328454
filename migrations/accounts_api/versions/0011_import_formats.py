"""How a file of an import writes dates and numbers."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        alter table imports
            add column dates text
                constraint ck_imports_dates check (dates in ('day_first', 'month_first')),
            add column decimals text
                constraint ck_imports_decimals check (decimals in ('point', 'comma')),
            add column evidence jsonb not null default '{}'
        """
    )
    for column in ("dates", "decimals"):
        op.execute(
            f"comment on column imports.{column} is 'as a person says; null: as the file shows'"
        )
    op.execute(
        "comment on column imports.evidence is"
        " 'by column, the cells that show how the file writes days, numbers and ids'"
    )


def downgrade() -> None:
    op.execute("alter table imports drop column dates, drop column decimals, drop column evidence")

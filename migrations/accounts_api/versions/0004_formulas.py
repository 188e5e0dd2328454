"""Formula traits."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TYPES = (
    "('string', 'text', 'number', 'boolean', 'date', 'datetime', 'currency', 'select',"
    " 'multi_select', 'url', 'email', 'member', 'contact'{})"
)
COLUMNS = {
    "formula": "the formula language, as it prints; null for a trait that is written",
    "result_type": "the type of the values that the formula gives",
    "faults": "why the formula cannot be worked out any more: values stand still",
}


def upgrade() -> None:
    op.execute("alter table trait_definitions add column formula text")
    op.execute("alter table trait_definitions add column result_type text")
    op.execute("alter table trait_definitions add column faults jsonb")
    for column, comment in COLUMNS.items():
        op.execute(f"comment on column trait_definitions.{column} is '{comment}'")
    check("trait_definitions", "type", f"type in {TYPES.format(', ' + repr('formula'))}")
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\n"
        "alter table trait_definitions add constraint ck_trait_definitions_formula check ("
        "(type = 'formula') = (formula is not null)"
        " and (type = 'formula') = (result_type is not null))"
    )
    check("watches", "kind", "kind in ('segment', 'lifecycle', 'formula')")
    # Formulas are watched on records of every type, also of those that a workspace defines.
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"
        "alter table watches drop constraint ck_watches_record_type"
    )


def check(table: str, name: str, condition: str) -> None:
    # Small tables: one row for each definition of a workspace.
    op.execute(
        f"-- squawk-ignore ban-drop-constraint\nalter table {table} drop constraint ck_{table}_{name}"
    )
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\n"
        f"alter table {table} add constraint ck_{table}_{name} check ({condition})"
    )


def downgrade() -> None:
    op.execute("delete from watches where kind = 'formula'")
    check("watches", "kind", "kind in ('segment', 'lifecycle')")
    op.execute(
        "alter table watches add constraint ck_watches_record_type"
        " check (record_type in ('organization', 'account', 'contact', 'opportunity'))"
    )
    op.execute("alter table trait_definitions drop constraint ck_trait_definitions_formula")
    op.execute("delete from trait_definitions where type = 'formula'")
    check("trait_definitions", "type", f"type in {TYPES.format('')}")
    for column in reversed(COLUMNS):
        op.execute(f"alter table trait_definitions drop column {column}")

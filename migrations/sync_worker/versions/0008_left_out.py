"""Values that a record is here without, and how many records there are of them."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table source_records add column left_out jsonb not null default '[]'")
    op.execute(
        "comment on column source_records.left_out is"
        " 'values that the record is here without, and why'"
    )
    op.execute("alter table sync_runs add column warned integer not null default 0")
    op.execute("alter table connections add column parked_records integer not null default 0")
    op.execute("alter table connections add column warned_records integer not null default 0")
    op.execute("comment on column connections.parked_records is 'set aside, as of the last run'")
    op.execute(
        "comment on column connections.warned_records is"
        " 'here without some value, as of the last run'"
    )
    with op.get_context().autocommit_block():
        op.execute(
            "create index concurrently if not exists ix_source_records_left_out"
            " on source_records (workspace_id, connection_id, object, external_id)"
            " where left_out <> '[]'"
        )


def downgrade() -> None:
    op.execute("drop index ix_source_records_left_out")
    op.execute("alter table connections drop column warned_records, drop column parked_records")
    op.execute("alter table sync_runs drop column warned")
    op.execute("alter table source_records drop column left_out")

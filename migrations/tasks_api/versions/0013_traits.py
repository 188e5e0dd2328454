"""Tasks and notes have traits: their values, and copies of the definitions.

Nobody could define a trait of theirs before, so there is nothing to copy.
"""

from alembic import op

from shared.migrations import enable_rls

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = ("tasks", "notes")


def upgrade() -> None:
    for table in TABLES:
        op.execute(f"alter table {table} add column traits jsonb not null default '{{}}'")
    op.execute(
        """
        create table trait_definitions (
            workspace_id uuid not null,
            id uuid not null,
            record_type text not null,
            key text not null,
            title text not null,
            definition jsonb not null,
            deleted boolean not null,
            converting boolean not null default false,
            converted_to uuid,
            version integer not null,
            constraint pk_trait_definitions primary key (workspace_id, id),
            constraint uq_trait_definitions_workspace_id_record_type_key
                unique (workspace_id, record_type, key)
        )
        """
    )
    op.execute(
        "comment on column trait_definitions.deleted is 'only its values are left, to be cleared'"
    )
    op.execute(
        "comment on column trait_definitions.converting is"
        " 'stored values are still to be brought into the form of the definition'"
    )
    op.execute(
        "comment on column trait_definitions.converted_to is"
        " 'the record up to which they are; null: none is'"
    )
    op.execute(
        "create index ix_trait_definitions_converting on trait_definitions (id) where converting"
    )
    enable_rls("trait_definitions", app_role="tenure_tasks")
    with op.get_context().autocommit_block():
        for table in TABLES:
            op.execute(
                f"create index concurrently if not exists ix_{table}_traits"
                f" on {table} using gin (traits jsonb_path_ops)"
            )


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"drop index ix_{table}_traits")
        op.execute(f"alter table {table} drop column traits")
    op.execute("drop table trait_definitions")

"""Custom object types and their instances."""

from alembic import op

from shared.migrations import enable_rls

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

APP = "tenure_accounts"
FOUR = "('organization', 'account', 'contact', 'opportunity')"
PARENTS = {
    "organization_id": "organizations",
    "account_id": "accounts",
    "contact_id": "contacts",
    "opportunity_id": "opportunities",
}
OPENED = ("trait_definitions", "change_queue")
"""Tables whose record type may be that of an object type from now on."""
KEPT = """
    version integer not null default 1,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp()
"""


def upgrade() -> None:
    types()
    instances()
    for table in ("object_types", "object_type_links", "objects"):
        enable_rls(table, app_role=APP)
    for table in OPENED:
        # Which types there are is the workspace's to say.
        op.execute(
            "-- squawk-ignore ban-drop-constraint\n"
            f"alter table {table} drop constraint ck_{table}_record_type"
        )


def types() -> None:
    op.execute(
        f"""
        create table object_types (
            workspace_id uuid not null,
            id uuid not null,
            key text not null,
            plural_key text not null,
            title text not null,
            plural_title text not null,
            description text,
            archived boolean not null default false,
            deleted_at timestamptz,
            {KEPT},
            constraint pk_object_types primary key (workspace_id, id),
            constraint uq_object_types_workspace_id_key unique (workspace_id, key),
            constraint uq_object_types_workspace_id_plural_key unique (workspace_id, plural_key)
        )
        """
    )
    op.execute(
        "comment on column object_types.deleted_at is 'set while instances are still being deleted'"
    )
    op.execute(
        f"""
        create table object_type_links (
            workspace_id uuid not null,
            object_type_id uuid not null,
            record_type text not null,
            reverse text not null,
            constraint pk_object_type_links
                primary key (workspace_id, object_type_id, record_type),
            constraint uq_object_type_links_workspace_id_record_type_reverse
                unique (workspace_id, record_type, reverse),
            constraint fk_object_type_links_workspace_id_object_type_id_object_types
                foreign key (workspace_id, object_type_id)
                references object_types (workspace_id, id) on delete cascade,
            constraint ck_object_type_links_record_type check (record_type in {FOUR})
        )
        """
    )
    for column, comment in (
        ("record_type", "what instances may belong to"),
        ("reverse", "how rules call the instances from there"),
    ):
        op.execute(f"comment on column object_type_links.{column} is '{comment}'")


def instances() -> None:
    parents = "".join(f"{column} uuid, " for column in PARENTS)
    references = "".join(
        f""",
            constraint fk_objects_workspace_id_{column}_{table}
                foreign key (workspace_id, {column}) references {table} (workspace_id, id)"""
        for column, table in PARENTS.items()
    )
    # Room on each page lets an update that touches no indexed column stay on it (HOT).
    op.execute(
        f"""
        create table objects (
            workspace_id uuid not null,
            id uuid not null,
            object_type_id uuid not null,
            external_id text,
            source text,
            {parents}
            name text not null,
            traits jsonb not null default '{{}}',
            search_text text,
            {KEPT},
            deleted_at timestamptz,
            constraint pk_objects primary key (workspace_id, id),
            constraint uq_objects_workspace_id_object_type_id_external_id
                unique (workspace_id, object_type_id, external_id),
            constraint fk_objects_workspace_id_object_type_id_object_types
                foreign key (workspace_id, object_type_id)
                references object_types (workspace_id, id){references}
        ) with (fillfactor = 85)
        """
    )
    op.execute("comment on column objects.search_text is 'folded words, each after a space'")
    for keys in (("id",), ("name", "id")):
        op.execute(
            f"create index ix_objects_workspace_id_object_type_id_{'_'.join(keys)}"
            f" on objects (workspace_id, object_type_id, {', '.join(keys)})"
            " where deleted_at is null"
        )
    for column in PARENTS:
        op.execute(
            f"create index ix_objects_workspace_id_{column}_object_type_id"
            f" on objects (workspace_id, {column}, object_type_id) where {column} is not null"
        )
    op.execute("create index ix_objects_traits on objects using gin (traits jsonb_path_ops)")
    op.execute(
        "create index ix_objects_search_text on objects using gin (search_text gin_trgm_ops)"
    )


def downgrade() -> None:
    for table in OPENED:
        op.execute(f"delete from {table} where record_type not in {FOUR}")
        op.execute(
            f"alter table {table} add constraint ck_{table}_record_type"
            f" check (record_type in {FOUR})"
        )
    for table in ("objects", "object_type_links", "object_types"):
        op.execute(f"drop table {table}")

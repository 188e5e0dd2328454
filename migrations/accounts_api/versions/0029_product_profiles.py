"""What SDKs say of users and groups, and which of it becomes ours."""

from alembic import op

from shared.migrations import enable_rls

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

APP = "tenure_accounts"
TABLES = ("product_profiles", "product_trait_mappings", "product_trait_names")


def upgrade() -> None:
    op.execute(
        """
        create table product_profiles (
            workspace_id uuid not null,
            kind text not null,
            external_id text not null,
            email text,
            traits jsonb not null,
            said_at timestamptz not null,
            revision bigint not null default 1,
            look_at timestamptz,
            looks bigint not null default 0,
            record_id uuid,
            written jsonb not null default '{}',
            counted_names text[] not null default '{}',
            constraint pk_product_profiles primary key (workspace_id, kind, external_id)
        ) with (fillfactor = 85)
        """
    )
    comment("product_profiles.kind", "user or group")
    comment("product_profiles.email", "by which a user is found whom nobody has by external id")
    comment("product_profiles.revision", "grows with each change of what was said or who it is")
    comment("product_profiles.look_at", "when it is to be written to its record; null: it was")
    comment("product_profiles.looks", "how often its record was looked for in vain")
    comment("product_profiles.record_id", "the record that it was written to")
    comment("product_profiles.written", "the values that were written to it, by field")
    comment("product_profiles.counted_names", "those that product_trait_names counts it for")
    op.execute(
        "create index ix_product_profiles_look_at on product_profiles (look_at)"
        " where look_at is not null"
    )
    op.execute(
        "create index ix_product_profiles_workspace_id_email"
        " on product_profiles (workspace_id, email) where email is not null"
    )
    op.execute(
        """
        create table product_trait_mappings (
            workspace_id uuid not null,
            id uuid not null,
            kind text not null,
            name text not null,
            field text not null,
            version integer not null default 1,
            created_at timestamptz not null default clock_timestamp(),
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_product_trait_mappings primary key (workspace_id, id)
        )
        """
    )
    for column in ("name", "field"):
        op.execute(
            f"create unique index uq_product_trait_mappings_workspace_id_kind_{column}"
            f" on product_trait_mappings (workspace_id, kind, {column})"
        )
    op.execute(
        """
        create table product_trait_names (
            workspace_id uuid not null,
            kind text not null,
            name text not null,
            profiles bigint not null,
            refused bigint not null default 0,
            first_seen_at timestamptz not null,
            last_seen_at timestamptz not null,
            last_refusal jsonb,
            constraint pk_product_trait_names primary key (workspace_id, kind, name)
        )
        """
    )
    comment("product_trait_names.profiles", "of how many users or groups it was ever said")
    comment("product_trait_names.last_refusal", "why its value could not be written")
    for table in TABLES:
        enable_rls(table, app_role=APP)


def comment(column: str, text: str) -> None:
    op.execute(f"comment on column {column} is '{text}'")


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"drop table {table}")

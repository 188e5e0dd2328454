"""Customer records, their traits, key roles and history."""

from alembic import op

from shared.migrations import by_month, enable_rls

revision = "0002"
down_revision = "0001a"
branch_labels = None
depends_on = None

APP = "tenure_accounts"
RECORD_TYPES = "('organization', 'account', 'contact', 'opportunity')"
KEPT = """
    version integer not null default 1,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp()
"""
TABLES = (
    "organizations",
    "accounts",
    "contacts",
    "opportunities",
    "account_contacts",
    "trait_definitions",
    "key_role_definitions",
    "key_role_assignments",
    "record_aliases",
    "field_changes",
)


def refers(table: str, column: str, to: str) -> str:
    return (
        f"constraint fk_{table}_workspace_id_{column}_{to}"
        f" foreign key (workspace_id, {column}) references {to} (workspace_id, id)"
    )


def record_table(table: str, columns: str, *constraints: str) -> None:
    # Room on each page lets an update that touches no indexed column stay on it (HOT).
    op.execute(
        f"""
        create table {table} (
            workspace_id uuid not null,
            id uuid not null,
            external_id text,
            source text,
            {columns},
            traits jsonb not null default '{{}}',
            search_text text,
            {KEPT},
            deleted_at timestamptz,
            constraint pk_{table} primary key (workspace_id, id),
            constraint uq_{table}_workspace_id_external_id unique (workspace_id, external_id)
            {"".join(f", {constraint}" for constraint in constraints)}
        ) with (fillfactor = 85)
        """
    )
    op.execute(
        f"create index ix_{table}_workspace_id_name_id on {table} (workspace_id, name, id)"
        " where deleted_at is null"
    )
    op.execute(f"create index ix_{table}_traits on {table} using gin (traits jsonb_path_ops)")
    op.execute(
        f"create index ix_{table}_search_text on {table} using gin (search_text gin_trgm_ops)"
    )
    op.execute(f"comment on column {table}.search_text is 'folded words, each after a space'")


def upgrade() -> None:
    records()
    definitions()
    history()
    for table in TABLES:
        grants = "select, insert" if table == "field_changes" else None
        enable_rls(table, app_role=APP, **({"grants": grants} if grants else {}))


def records() -> None:
    record_table("organizations", "name text not null, domain text")
    record_table(
        "accounts",
        """
        organization_id uuid,
        name text not null,
        domain text,
        arr bigint,
        currency varchar(3),
        lifecycle_status text not null default 'subscribed',
        lifecycle_status_since timestamptz,
        time_zone text,
        country text
        """,
        refers("accounts", "organization_id", "organizations"),
        "constraint ck_accounts_lifecycle_status check"
        " (lifecycle_status in ('subscribed', 'trial', 'churned', 'ignored'))",
    )
    op.execute(
        "create index ix_accounts_workspace_id_arr_id on accounts (workspace_id, arr, id)"
        " where deleted_at is null"
    )
    op.execute(
        "create index ix_accounts_workspace_id_organization_id"
        " on accounts (workspace_id, organization_id)"
    )
    record_table(
        "contacts",
        """
        name text not null,
        first_name text,
        last_name text,
        email text,
        email_key text,
        phone text,
        title text,
        time_zone text,
        email_status text not null default 'ok',
        deactivated_at timestamptz
        """,
        "constraint ck_contacts_email_status check"
        " (email_status in ('ok', 'bounced', 'unsubscribed', 'complained'))",
    )
    op.execute(
        "create index ix_contacts_workspace_id_email_key on contacts (workspace_id, email_key)"
    )
    record_table(
        "opportunities",
        """
        account_id uuid,
        name text not null,
        type text not null,
        stage text,
        is_closed boolean not null default false,
        is_won boolean not null default false,
        close_date date,
        contract_start date,
        contract_expiration date,
        arr bigint,
        currency varchar(3),
        deal_room_url text,
        manually_enter_renewal_sequence boolean not null default false,
        renewal_sequence_status text,
        renewal_sequence_status_at timestamptz
        """,
        refers("opportunities", "account_id", "accounts"),
        "constraint ck_opportunities_type check"
        " (type in ('renewal', 'expansion', 'new_business', 'product_swap'))",
    )
    for columns in ("arr", "contract_expiration"):
        op.execute(
            f"create index ix_opportunities_workspace_id_{columns}_id"
            f" on opportunities (workspace_id, {columns}, id) where deleted_at is null"
        )
    op.execute(
        "create index ix_opportunities_workspace_id_account_id"
        " on opportunities (workspace_id, account_id)"
    )
    op.execute(
        f"""
        create table account_contacts (
            workspace_id uuid not null,
            account_id uuid not null,
            contact_id uuid not null,
            plan_roles text[] not null default '{{}}',
            created_at timestamptz not null default clock_timestamp(),
            constraint pk_account_contacts primary key (workspace_id, account_id, contact_id),
            {refers("account_contacts", "account_id", "accounts")},
            {refers("account_contacts", "contact_id", "contacts")}
        )
        """
    )
    op.execute(
        "create index ix_account_contacts_workspace_id_contact_id"
        " on account_contacts (workspace_id, contact_id)"
    )
    op.execute(
        """
        create table record_aliases (
            workspace_id uuid not null,
            record_type text not null,
            loser_id uuid not null,
            winner_id uuid not null,
            merged_at timestamptz not null default clock_timestamp(),
            constraint pk_record_aliases primary key (workspace_id, record_type, loser_id)
        )
        """
    )
    op.execute(
        "create index ix_record_aliases_workspace_id_record_type_winner_id"
        " on record_aliases (workspace_id, record_type, winner_id)"
    )
    for table, column, comment in (
        ("accounts", "arr", "minor units of currency"),
        ("opportunities", "arr", "minor units of currency"),
        ("contacts", "email_key", "the address case-folded: same mailbox, same key"),
        ("opportunities", "contract_expiration", "the first day without a contract"),
    ):
        op.execute(f"comment on column {table}.{column} is '{comment}'")


def definitions() -> None:
    op.execute(
        f"""
        create table trait_definitions (
            workspace_id uuid not null,
            id uuid not null,
            record_type text not null,
            key text not null,
            title text not null,
            description text,
            type text not null,
            options jsonb,
            depends_on text,
            currency varchar(3),
            required boolean not null default false,
            minimum numeric,
            maximum numeric,
            pattern text,
            "default" jsonb,
            editable_by text not null default 'everyone',
            source text not null default 'custom',
            deprecated boolean not null default false,
            deleted_at timestamptz,
            {KEPT},
            constraint pk_trait_definitions primary key (workspace_id, id),
            constraint uq_trait_definitions_workspace_id_record_type_key
                unique (workspace_id, record_type, key),
            constraint ck_trait_definitions_record_type check (record_type in {RECORD_TYPES}),
            constraint ck_trait_definitions_type check (type in ('string', 'text', 'number',
                'boolean', 'date', 'datetime', 'currency', 'select', 'multi_select', 'url',
                'email', 'member', 'contact')),
            constraint ck_trait_definitions_editable_by check
                (editable_by in ('everyone', 'leaders', 'admins', 'source'))
        )
        """
    )
    op.execute(
        f"""
        create table key_role_definitions (
            workspace_id uuid not null,
            id uuid not null,
            key text not null,
            title text not null,
            multi boolean not null default false,
            deleted_at timestamptz,
            {KEPT},
            constraint pk_key_role_definitions primary key (workspace_id, id),
            constraint uq_key_role_definitions_workspace_id_key unique (workspace_id, key)
        )
        """
    )
    op.execute(
        f"""
        create table key_role_assignments (
            workspace_id uuid not null,
            id uuid not null,
            account_id uuid not null,
            key_role_key text not null,
            member_id uuid not null,
            single boolean not null,
            valid_from timestamptz not null,
            valid_to timestamptz,
            constraint pk_key_role_assignments primary key (workspace_id, id),
            {refers("key_role_assignments", "account_id", "accounts")},
            {refers("key_role_assignments", "member_id", "members")},
            constraint fk_key_role_assignments_workspace_id_key_role_key_key_r_9d71
                foreign key (workspace_id, key_role_key)
                references key_role_definitions (workspace_id, key)
        )
        """
    )
    op.execute(
        "create unique index uq_key_role_assignments_single_holder"
        " on key_role_assignments (workspace_id, account_id, key_role_key)"
        " where valid_to is null and single"
    )
    op.execute(
        "create unique index uq_key_role_assignments_held_once"
        " on key_role_assignments (workspace_id, account_id, key_role_key, member_id)"
        " where valid_to is null"
    )
    op.execute(
        "create index ix_key_role_assignments_held_by"
        " on key_role_assignments (workspace_id, member_id, key_role_key) where valid_to is null"
    )
    for table, column, comment in (
        ("trait_definitions", "depends_on", "key of the select that narrows the options"),
        ("trait_definitions", "pattern", "RE2, matched against the whole value"),
        ("trait_definitions", "deleted_at", "set while values are still being cleared"),
        ("key_role_assignments", "single", "of a role with one holder at a time"),
        ("key_role_assignments", "valid_from", "workspace time"),
    ):
        op.execute(f"comment on column {table}.{column} is '{comment}'")


def history() -> None:
    """Append-only, a partition for each month; the service may add rows and nothing else."""
    op.execute(
        """
        create table field_changes (
            workspace_id uuid not null,
            record_id uuid not null,
            id uuid not null,
            record_type text not null,
            field text not null,
            old jsonb,
            new jsonb,
            valid_from timestamptz not null,
            known_at timestamptz not null,
            cause jsonb not null,
            constraint pk_field_changes primary key (workspace_id, record_id, id, known_at)
        ) partition by range (known_at)
        """
    )
    op.execute(
        "comment on column field_changes.valid_from is 'when it became true: workspace time'"
    )
    op.execute("comment on column field_changes.known_at is 'when we learned it: machine time'")
    # Small ones: what came after an instant, and which contacts' links speak of an account.
    op.execute(
        "create index ix_field_changes_time on field_changes using brin (known_at, valid_from)"
    )
    op.execute(
        """
        create index ix_field_changes_links on field_changes
        using gin ((coalesce(old, '[]') || coalesce(new, '[]')) jsonb_path_ops)
        where field = 'accounts'
        """
    )
    op.execute("create table field_changes_default partition of field_changes default")
    enable_rls("field_changes_default", app_role=APP, grants="select, insert")
    by_month("field_changes", app_role=APP)


def downgrade() -> None:
    op.execute("drop function make_field_changes_partitions(integer)")
    for table in reversed(TABLES):
        op.execute(f"drop table {table}")

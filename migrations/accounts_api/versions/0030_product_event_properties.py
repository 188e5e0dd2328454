"""Declared properties of product events, and how often each mixture of their values came."""

from alembic import op

from shared.migrations import enable_rls

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

APP = "tenure_accounts"
TABLES = ("product_event_properties", "product_event_values")


def upgrade() -> None:
    op.execute("alter table product_events add column counted_properties jsonb")
    op.execute(
        "comment on column product_events.counted_properties is"
        " 'the declared properties with which it is counted; null: its name has none'"
    )
    op.execute(
        """
        create table product_event_properties (
            workspace_id uuid not null,
            id uuid not null,
            key text not null,
            name text not null,
            type text not null,
            events text[] not null,
            description text not null default '',
            filled_to uuid,
            filled_at timestamptz,
            reliable_from date,
            version integer not null default 1,
            created_at timestamptz not null default clock_timestamp(),
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_product_event_properties primary key (workspace_id, id)
        )
        """
    )
    op.execute(
        "create unique index uq_product_event_properties_workspace_id_key"
        " on product_event_properties (workspace_id, key)"
    )
    comment("product_event_properties.name", "what senders call it")
    comment(
        "product_event_properties.filled_to",
        "events up to this one have been counted by it, of those that came before it was declared",
    )
    comment("product_event_properties.filled_at", "null: older events are still being counted")
    comment(
        "product_event_properties.reliable_from",
        "the day of the first event of these names that is kept",
    )
    # Counting up touches no indexed column: with room on the page the row stays where it is (HOT).
    op.execute(
        """
        create table product_event_values (
            workspace_id uuid not null,
            account_id uuid not null,
            name text not null,
            day date not null,
            contact_id uuid not null,
            digest uuid not null,
            properties jsonb not null,
            count bigint not null,
            constraint pk_product_event_values
                primary key (workspace_id, account_id, name, day, contact_id, digest)
        ) with (fillfactor = 85)
        """
    )
    for column, whose in (("account_id", "account"), ("contact_id", "contact")):
        comment(f"product_event_values.{column}", f"all zeros: of an unknown {whose}, or of none")
    comment("product_event_values.digest", "md5 of the properties, which may be long")
    comment("product_event_values.properties", "the declared ones, by key; others are left out")
    op.execute(
        "create index ix_product_event_values_workspace_id_contact_id_name_day"
        " on product_event_values (workspace_id, contact_id, name, day)"
    )
    for table in TABLES:
        enable_rls(table, app_role=APP)


def comment(column: str, text: str) -> None:
    op.execute(f"comment on column {column} is '{text}'")


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"drop table {table}")
    op.execute("alter table product_events drop column counted_properties")

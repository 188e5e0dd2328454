"""Product events: what people did in the workspace's own product, and how often each day."""

from alembic import op

from shared.migrations import by_month, enable_rls

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

APP = "tenure_accounts"
TABLES = (
    "product_events",
    "product_events_default",
    "product_event_messages",
    "product_event_days",
    "product_event_names",
    "product_event_waiting",
)


def upgrade() -> None:
    events()
    around_them()
    for table in TABLES:
        enable_rls(table, app_role=APP)
    by_month("product_events", app_role=APP)


def events() -> None:
    op.execute(
        """
        create table product_events (
            workspace_id uuid not null,
            id uuid not null,
            message_id text not null,
            name text not null,
            user_id text,
            anonymous_id text,
            group_id text,
            email text,
            contact_id uuid,
            account_id uuid,
            properties jsonb not null default '{}',
            context jsonb not null default '{}',
            happened_at timestamptz not null,
            counted_on date not null,
            original_at timestamptz,
            sent_at timestamptz,
            received_at timestamptz not null,
            constraint pk_product_events primary key (workspace_id, id, received_at)
        ) partition by range (received_at)
        """
    )
    op.execute(
        "comment on column product_events.happened_at is"
        " 'workspace time, corrected by the skew of the sender''s clock'"
    )
    op.execute(
        "comment on column product_events.counted_on is 'the local day whose roll-up counts it'"
    )
    op.execute("comment on column product_events.received_at is 'machine time'")
    for owner in ("account_id", "contact_id"):
        op.execute(
            f"create index ix_product_events_workspace_id_{owner}_happened_at_id"
            f" on product_events (workspace_id, {owner}, happened_at, id)"
        )
    op.execute("create table product_events_default partition of product_events default")


def around_them() -> None:
    op.execute(
        """
        create table product_event_messages (
            workspace_id uuid not null,
            message_id text not null,
            received_at timestamptz not null default clock_timestamp(),
            constraint pk_product_event_messages primary key (workspace_id, message_id)
        )
        """
    )
    op.execute(
        "create index ix_product_event_messages_received_at on product_event_messages (received_at)"
    )
    # Counting up touches no indexed column: with room on the page the row stays where it is (HOT).
    op.execute(
        """
        create table product_event_days (
            workspace_id uuid not null,
            account_id uuid not null,
            name text not null,
            day date not null,
            contact_id uuid not null,
            count bigint not null,
            constraint pk_product_event_days
                primary key (workspace_id, account_id, name, day, contact_id)
        ) with (fillfactor = 85)
        """
    )
    for column, whose in (("account_id", "account"), ("contact_id", "contact")):
        op.execute(
            f"comment on column product_event_days.{column} is"
            f" 'all zeros: of an unknown {whose}, or of none'"
        )
    op.execute(
        "create index ix_product_event_days_workspace_id_contact_id_name_day"
        " on product_event_days (workspace_id, contact_id, name, day)"
    )
    op.execute(
        """
        create table product_event_names (
            workspace_id uuid not null,
            name text not null,
            first_seen_at timestamptz not null,
            constraint pk_product_event_names primary key (workspace_id, name)
        )
        """
    )
    op.execute(
        """
        create table product_event_waiting (
            workspace_id uuid not null,
            key text not null,
            event_id uuid not null,
            received_at timestamptz not null,
            looked_again boolean not null default false,
            constraint pk_product_event_waiting primary key (workspace_id, key, event_id)
        )
        """
    )
    op.execute(
        "comment on column product_event_waiting.key is"
        " 'what it waits for: user:<external id>, email:<address>, group:<external id>"
        " or links:<contact>'"
    )
    op.execute(
        "create index ix_product_event_waiting_received_at on product_event_waiting (received_at)"
    )
    op.execute(
        "comment on column product_event_waiting.looked_again is"
        " 'false: what it waits for may have come in a transaction that neither saw'"
    )
    op.execute(
        "create index ix_product_event_waiting_fresh on product_event_waiting (received_at)"
        " where not looked_again"
    )


def downgrade() -> None:
    op.execute("drop function make_product_events_partitions(integer)")
    for table in ("waiting", "names", "days", "messages"):
        op.execute(f"drop table product_event_{table}")
    op.execute("drop table product_events")

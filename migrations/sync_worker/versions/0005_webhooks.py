"""What partners may hear, where they want to hear it, and every attempt to tell them."""

from alembic import op

from shared.migrations import enable_rls

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = (
    "partner_events",
    "partner_feed_floors",
    "webhook_endpoints",
    "webhook_secrets",
    "webhook_deliveries",
    "webhook_attempts",
)


def upgrade() -> None:
    op.execute(
        """
        create table partner_events (
            workspace_id uuid not null,
            id uuid not null,
            xid xid8 not null default pg_current_xact_id(),
            seq bigint not null generated always as identity,
            type text not null,
            data json not null,
            cause json not null,
            occurred_at timestamptz not null,
            recorded_at timestamptz not null default clock_timestamp(),
            constraint pk_partner_events primary key (workspace_id, id)
        )
        """
    )
    op.execute("comment on column partner_events.id is 'of the event that a service published'")
    op.execute("create index ix_partner_events_feed on partner_events (workspace_id, xid, seq)")
    op.execute(
        "create index ix_partner_events_workspace_id_recorded_at"
        " on partner_events (workspace_id, recorded_at)"
    )
    op.execute("create index ix_partner_events_age on partner_events using brin (recorded_at)")
    op.execute(
        """
        create table partner_feed_floors (
            workspace_id uuid not null,
            xid xid8 not null,
            seq bigint not null,
            constraint pk_partner_feed_floors primary key (workspace_id)
        )
        """
    )
    op.execute("comment on table partner_feed_floors is 'last event that is no longer kept'")
    op.execute(
        """
        create table webhook_endpoints (
            workspace_id uuid not null,
            id uuid not null,
            url text not null,
            description text not null,
            types text[] not null,
            headers bytea,
            header_names text[] not null,
            status text not null default 'enabled',
            disabled_reason text,
            failures integer not null default 0,
            failing_since timestamptz,
            rests_until timestamptz,
            removed_at timestamptz,
            version integer not null default 1,
            created_at timestamptz not null default clock_timestamp(),
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_webhook_endpoints primary key (workspace_id, id),
            constraint ck_webhook_endpoints_status check (status in ('enabled', 'disabled'))
        )
        """
    )
    op.execute(
        "comment on column webhook_endpoints.headers is"
        " 'sealed JSON object, bound to workspace, table and row'"
    )
    op.execute(
        "comment on column webhook_endpoints.failures is 'attempts in a row that did not succeed'"
    )
    op.execute(
        "comment on column webhook_endpoints.rests_until is"
        " 'nothing is sent before: it failed several times in a row, or asked for a pause'"
    )
    op.execute(
        """
        create table webhook_secrets (
            workspace_id uuid not null,
            endpoint_id uuid not null,
            id uuid not null,
            sealed bytea not null,
            expires_at timestamptz,
            created_at timestamptz not null default clock_timestamp(),
            constraint pk_webhook_secrets primary key (workspace_id, endpoint_id, id),
            constraint fk_webhook_secrets_endpoint
                foreign key (workspace_id, endpoint_id)
                references webhook_endpoints (workspace_id, id) on delete cascade
        )
        """
    )
    op.execute(
        "comment on column webhook_secrets.expires_at is 'null: the one that partners should use'"
    )
    op.execute(
        """
        create table webhook_deliveries (
            workspace_id uuid not null,
            id uuid not null,
            endpoint_id uuid not null,
            event_id uuid not null,
            type text not null,
            origin text not null,
            status text not null default 'pending',
            attempts integer not null default 0,
            due_at timestamptz not null default clock_timestamp(),
            lease_token uuid,
            finished_at timestamptz,
            created_at timestamptz not null default clock_timestamp(),
            constraint pk_webhook_deliveries primary key (workspace_id, id),
            constraint fk_webhook_deliveries_endpoint
                foreign key (workspace_id, endpoint_id)
                references webhook_endpoints (workspace_id, id) on delete cascade,
            constraint ck_webhook_deliveries_origin
                check (origin in ('event', 'replay', 'test')),
            constraint ck_webhook_deliveries_status
                check (status in ('pending', 'succeeded', 'failed'))
        )
        """
    )
    op.execute(
        "comment on column webhook_deliveries.due_at is"
        " 'next attempt; while one is under way, when its worker counts as dead'"
    )
    op.execute(
        "create index ix_webhook_deliveries_due on webhook_deliveries"
        " (workspace_id, endpoint_id, due_at) where status = 'pending'"
    )
    op.execute(
        "create index ix_webhook_deliveries_under_way on webhook_deliveries"
        " (workspace_id, endpoint_id) where lease_token is not null"
    )
    op.execute(
        "create index ix_webhook_deliveries_workspace_id_endpoint_id_id on webhook_deliveries"
        " (workspace_id, endpoint_id, id)"
    )
    op.execute(
        "create index ix_webhook_deliveries_unsuccessful on webhook_deliveries"
        " (workspace_id, status, id) where status <> 'succeeded'"
    )
    op.execute(
        "create index ix_webhook_deliveries_workspace_id_event_id on webhook_deliveries"
        " (workspace_id, event_id)"
    )
    op.execute(
        "create index ix_webhook_deliveries_age on webhook_deliveries using brin (created_at)"
    )
    op.execute(
        """
        create table webhook_attempts (
            workspace_id uuid not null,
            delivery_id uuid not null,
            number integer not null,
            started_at timestamptz not null,
            status_code integer,
            milliseconds integer,
            error text,
            response text,
            constraint pk_webhook_attempts primary key (workspace_id, delivery_id, number),
            constraint fk_webhook_attempts_delivery
                foreign key (workspace_id, delivery_id)
                references webhook_deliveries (workspace_id, id) on delete cascade
        )
        """
    )
    for table in TABLES:
        enable_rls(table, app_role="tenure_sync")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"drop table {table}")

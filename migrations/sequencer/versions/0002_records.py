"""Copies of the records that sequences decide by, kept from the accounts service's events."""

from alembic import op

from shared.migrations import enable_rls

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROLE = "tenure_sequencer"
TABLES = (
    "opportunities",
    "accounts",
    "contacts",
    "contact_accounts",
    "members",
    "segments",
    "segment_members",
)


def upgrade() -> None:
    op.execute(
        """
        create table opportunities (
            workspace_id uuid not null,
            id uuid not null,
            version bigint not null,
            deleted boolean not null,
            account_id uuid,
            name text not null,
            type text not null,
            stage text,
            is_closed boolean not null,
            contract_expiration date,
            arr bigint,
            currency text,
            deal_room_url text,
            enter_by_hand boolean not null,
            traits jsonb not null,
            constraint pk_opportunities primary key (workspace_id, id)
        )
        """
    )
    op.execute(
        "create index ix_opportunities_workspace_id_account_id"
        " on opportunities (workspace_id, account_id)"
    )
    op.execute(
        """
        create table accounts (
            workspace_id uuid not null,
            id uuid not null,
            version bigint not null,
            deleted boolean not null,
            name text not null,
            domain text,
            lifecycle_status text not null,
            time_zone text,
            country text,
            arr bigint,
            currency text,
            traits jsonb not null,
            key_roles jsonb not null,
            constraint pk_accounts primary key (workspace_id, id)
        )
        """
    )
    op.execute(
        """
        create table contacts (
            workspace_id uuid not null,
            id uuid not null,
            version bigint not null,
            deleted boolean not null,
            name text not null,
            first_name text,
            last_name text,
            email text,
            address text,
            title text,
            time_zone text,
            email_status text not null,
            deactivated boolean not null,
            traits jsonb not null,
            constraint pk_contacts primary key (workspace_id, id)
        )
        """
    )
    op.execute("create index ix_contacts_workspace_id_address on contacts (workspace_id, address)")
    op.execute(
        "comment on column contacts.address is"
        " 'email as mail systems compare it: NFKC, IDNA, lower case'"
    )
    op.execute(
        """
        create table contact_accounts (
            workspace_id uuid not null,
            contact_id uuid not null,
            account_id uuid not null,
            plan_roles jsonb not null,
            constraint pk_contact_accounts primary key (workspace_id, contact_id, account_id)
        )
        """
    )
    op.execute(
        "create index ix_contact_accounts_workspace_id_account_id"
        " on contact_accounts (workspace_id, account_id)"
    )
    op.execute(
        """
        create table members (
            workspace_id uuid not null,
            id uuid not null,
            version bigint not null,
            full_name text not null,
            email text not null,
            active boolean not null,
            constraint pk_members primary key (workspace_id, id)
        )
        """
    )
    op.execute(
        """
        create table segments (
            workspace_id uuid not null,
            id uuid not null,
            version bigint not null,
            title text not null,
            record_type text not null,
            archived boolean not null,
            constraint pk_segments primary key (workspace_id, id)
        )
        """
    )
    op.execute(
        """
        create table segment_members (
            workspace_id uuid not null,
            segment_id uuid not null,
            record_id uuid not null,
            entered_at timestamptz not null,
            constraint pk_segment_members primary key (workspace_id, segment_id, record_id)
        )
        """
    )
    op.execute(
        "create index ix_segment_members_workspace_id_record_id"
        " on segment_members (workspace_id, record_id)"
    )
    for table in TABLES:
        enable_rls(table, app_role=ROLE)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"drop table {table}")

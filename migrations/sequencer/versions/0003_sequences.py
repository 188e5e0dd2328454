"""Mailboxes that send, sequences with their published versions, addresses not to write to."""

from alembic import op

from shared.migrations import enable_rls

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROLE = "tenure_sequencer"
TABLES = ("mailboxes", "sequences", "sequence_versions", "suppressions")


def upgrade() -> None:
    op.execute(
        """
        create table mailboxes (
            workspace_id uuid not null,
            id uuid not null,
            version bigint not null default 1,
            member_id uuid,
            email text not null,
            address text not null,
            display_name text not null,
            smtp_host text not null,
            smtp_port bigint not null,
            smtp_tls text not null
                constraint ck_mailboxes_smtp_tls
                check (smtp_tls in ('implicit', 'starttls', 'opportunistic')),
            smtp_username text,
            smtp_password bytea,
            daily_cap bigint not null,
            state text not null default 'active'
                constraint ck_mailboxes_state check (state in ('active', 'paused')),
            paused_reason text,
            spent_on date,
            spent bigint not null default 0,
            created_at timestamptz not null default clock_timestamp(),
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_mailboxes primary key (workspace_id, id),
            constraint uq_mailboxes_workspace_id_address unique (workspace_id, address)
        )
        """
    )
    op.execute(
        "create index ix_mailboxes_workspace_id_member_id on mailboxes (workspace_id, member_id)"
    )
    op.execute(
        "comment on column mailboxes.spent is 'mails handed over on spent_on, a day of the workspace'"
    )
    op.execute(
        """
        create table sequences (
            workspace_id uuid not null,
            id uuid not null,
            version bigint not null default 1,
            title text not null,
            state text not null default 'draft'
                constraint ck_sequences_state
                check (state in ('draft', 'enabled', 'disabled', 'archived')),
            draft jsonb not null,
            published_version bigint,
            created_at timestamptz not null default clock_timestamp(),
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_sequences primary key (workspace_id, id)
        )
        """
    )
    op.execute(
        "create unique index uq_sequences_workspace_id_title"
        " on sequences (workspace_id, title) where state <> 'archived'"
    )
    op.execute(
        """
        create table sequence_versions (
            workspace_id uuid not null,
            sequence_id uuid not null,
            number bigint not null,
            definition jsonb not null,
            published_by text not null,
            published_at timestamptz not null default clock_timestamp(),
            constraint pk_sequence_versions primary key (workspace_id, sequence_id, number),
            constraint fk_sequence_versions_workspace_id_sequence_id_sequences
                foreign key (workspace_id, sequence_id) references sequences (workspace_id, id)
        )
        """
    )
    op.execute(
        """
        create table suppressions (
            workspace_id uuid not null,
            id uuid not null,
            address text not null,
            reason text not null
                constraint ck_suppressions_reason check (reason in
                    ('hard_bounce', 'soft_bounces', 'unsubscribed', 'complained', 'manual')),
            note text,
            message_id uuid,
            expires_at timestamptz,
            created_at timestamptz not null,
            constraint pk_suppressions primary key (workspace_id, id),
            constraint uq_suppressions_workspace_id_address unique (workspace_id, address)
        )
        """
    )
    op.execute(
        "comment on column suppressions.expires_at is 'workspace time; null lasts until lifted'"
    )
    for table in TABLES:
        enable_rls(table, app_role=ROLE)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"drop table {table}")

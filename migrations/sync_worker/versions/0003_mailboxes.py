"""How far each mailbox has been read, and which mails have had their effect."""

from alembic import op

from shared.migrations import enable_rls

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("mail_folders", "mails_seen", "contact_addresses")


def upgrade() -> None:
    op.execute(
        """
        create table mail_folders (
            workspace_id uuid not null,
            connection_id uuid not null,
            folder text not null,
            uid_validity bigint not null,
            next_uid bigint not null,
            server_next_uid bigint not null,
            history_until_uid bigint not null,
            counts jsonb not null default '{}',
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_mail_folders primary key (workspace_id, connection_id),
            constraint fk_mail_folders_workspace_id_connection_id_connections
                foreign key (workspace_id, connection_id)
                references connections (workspace_id, id) on delete cascade
        )
        """
    )
    op.execute("comment on column mail_folders.next_uid is 'the first that we have not dealt with'")
    op.execute(
        "comment on column mail_folders.history_until_uid is"
        " 'mails before it were there before we looked'"
    )
    op.execute(
        """
        create table mails_seen (
            workspace_id uuid not null,
            connection_id uuid not null,
            uid_validity bigint not null,
            uid bigint not null,
            fingerprint bytea not null,
            kind text not null,
            message_id text,
            seen_at timestamptz not null default clock_timestamp(),
            constraint pk_mails_seen
                primary key (workspace_id, connection_id, uid_validity, uid),
            constraint uq_mails_seen_fingerprint
                unique (workspace_id, connection_id, fingerprint),
            constraint fk_mails_seen_workspace_id_connection_id_connections
                foreign key (workspace_id, connection_id)
                references connections (workspace_id, id) on delete cascade
        )
        """
    )
    op.execute(
        "comment on column mails_seen.fingerprint is"
        " 'of Message-ID and body: the same mail under another uid has no second effect'"
    )
    op.execute("create index ix_mails_seen_seen_at on mails_seen (seen_at)")
    op.execute(
        """
        create table contact_addresses (
            workspace_id uuid not null,
            contact_id uuid not null,
            address text,
            version bigint not null,
            constraint pk_contact_addresses primary key (workspace_id, contact_id)
        )
        """
    )
    op.execute("comment on column contact_addresses.address is 'case-folded; null once deleted'")
    op.execute(
        "create index ix_contact_addresses_workspace_id_address"
        " on contact_addresses (workspace_id, address)"
    )
    for table in TABLES:
        enable_rls(table, app_role="tenure_sync")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"drop table {table}")

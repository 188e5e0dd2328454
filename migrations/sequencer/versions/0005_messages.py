"""The send ledger: one row per mail before anything leaves, and what came back."""

from alembic import op

from shared.migrations import enable_rls

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ROLE = "tenure_sequencer"
TABLES = ("messages", "message_contents", "bounces")


def upgrade() -> None:
    op.execute("create sequence message_fences as bigint")
    op.execute(f"grant usage on sequence message_fences to {ROLE}")
    op.execute(
        """
        create table messages (
            workspace_id uuid not null,
            id uuid not null,
            enrollment_id uuid not null,
            sequence_id uuid not null,
            sequence_title text not null,
            step_id uuid not null,
            step_title text not null,
            record_id uuid not null,
            account_id uuid,
            contact_id uuid not null,
            state text not null
                constraint ck_messages_state check (state in
                    ('scheduled', 'dispatching', 'sent', 'unknown', 'held', 'failed',
                     'cancelled', 'suppressed', 'expired', 'skipped')),
            phase text
                constraint ck_messages_phase check (phase in ('connecting', 'body_started')),
            due_at timestamptz not null,
            retry_at timestamptz,
            attempts bigint not null default 0,
            fence bigint,
            lease_until timestamptz,
            mailbox_id uuid,
            sender text,
            recipient text,
            subject text,
            internet_message_id text,
            content_digest text,
            reason text,
            detail text,
            sent_at timestamptz,
            bounced_at timestamptz,
            superseded_at timestamptz,
            created_at timestamptz not null default clock_timestamp(),
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_messages primary key (workspace_id, id),
            constraint fk_messages_workspace_id_enrollment_id_enrollments
                foreign key (workspace_id, enrollment_id) references enrollments (workspace_id, id),
            constraint ck_messages_dispatching check (
                (state = 'dispatching') = (phase is not null)
                and (state <> 'dispatching' or (fence is not null and lease_until is not null))),
            constraint ck_messages_superseded check (
                superseded_at is null
                or bounced_at is not null
                or state in ('failed', 'cancelled', 'suppressed', 'expired', 'skipped'))
        )
        """
    )
    op.execute(
        "comment on constraint ck_messages_superseded on messages is"
        " 'a step is planned again only when its mail provably reached nobody'"
    )
    op.execute(
        "create unique index uq_messages_step"
        " on messages (workspace_id, enrollment_id, step_id) where superseded_at is null"
    )
    op.execute(
        "create index ix_messages_due on messages (workspace_id, due_at) where state = 'scheduled'"
    )
    op.execute(
        "create index ix_messages_lease on messages (lease_until) where state = 'dispatching'"
    )
    op.execute(
        "create index ix_messages_waiting on messages (workspace_id, state)"
        " where state in ('dispatching', 'unknown', 'held')"
    )
    op.execute(
        "create unique index uq_messages_internet_message_id"
        " on messages (workspace_id, internet_message_id)"
    )
    op.execute("create index ix_messages_enrollment on messages (workspace_id, enrollment_id)")
    op.execute("create index ix_messages_contact on messages (workspace_id, contact_id, sent_at)")
    op.execute("create index ix_messages_recipient on messages (workspace_id, recipient, sent_at)")
    op.execute("comment on column messages.due_at is 'workspace time'")
    op.execute("comment on column messages.retry_at is 'machine time: not before, after a refusal'")
    op.execute(
        """
        create table message_contents (
            workspace_id uuid not null,
            message_id uuid not null,
            raw bytea not null,
            constraint pk_message_contents primary key (workspace_id, message_id),
            constraint fk_message_contents_workspace_id_message_id_messages
                foreign key (workspace_id, message_id) references messages (workspace_id, id)
        )
        """
    )
    op.execute(
        """
        create table bounces (
            workspace_id uuid not null,
            id uuid not null,
            message_id uuid not null,
            address text not null,
            kind text not null constraint ck_bounces_kind check (kind in ('hard', 'soft')),
            status text,
            diagnostic text,
            received_at timestamptz not null,
            constraint pk_bounces primary key (workspace_id, id),
            constraint fk_bounces_workspace_id_message_id_messages
                foreign key (workspace_id, message_id) references messages (workspace_id, id)
        )
        """
    )
    op.execute("create index ix_bounces_address on bounces (workspace_id, address, received_at)")
    for table in TABLES:
        enable_rls(table, app_role=ROLE)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"drop table {table}")
    op.execute("drop sequence message_fences")

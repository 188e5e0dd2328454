"""Enrollments with their timeline, what stands in a record's way, records to look at again."""

from alembic import op

from shared.migrations import enable_rls

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROLE = "tenure_sequencer"
TABLES = ("enrollments", "enrollment_entries", "blocks", "entry_requests", "agenda")


def upgrade() -> None:
    op.execute(
        """
        create table enrollments (
            workspace_id uuid not null,
            id uuid not null,
            sequence_id uuid not null,
            sequence_version bigint not null,
            record_id uuid not null,
            account_id uuid,
            contact_id uuid not null,
            entry text not null
                constraint ck_enrollments_entry check (entry in ('audience', 'manual')),
            state text not null
                constraint ck_enrollments_state check (state in ('active', 'paused', 'ended')),
            pause_reason text,
            end_reason text,
            floor_on date,
            anchor_on date,
            next_step_id uuid,
            next_due_at timestamptz,
            entered_at timestamptz not null,
            ended_at timestamptz,
            version bigint not null default 1,
            created_at timestamptz not null default clock_timestamp(),
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_enrollments primary key (workspace_id, id),
            constraint fk_enrollments_sequence_versions
                foreign key (workspace_id, sequence_id, sequence_version)
                references sequence_versions (workspace_id, sequence_id, number)
        )
        """
    )
    op.execute(
        "create unique index uq_enrollments_open"
        " on enrollments (workspace_id, sequence_id, record_id) where state <> 'ended'"
    )
    op.execute(
        "create index ix_enrollments_due on enrollments (workspace_id, next_due_at)"
        " where state = 'active' and next_due_at is not null"
    )
    op.execute("create index ix_enrollments_record on enrollments (workspace_id, record_id)")
    op.execute("create index ix_enrollments_contact on enrollments (workspace_id, contact_id)")
    op.execute("create index ix_enrollments_account on enrollments (workspace_id, account_id)")
    op.execute(
        "comment on column enrollments.floor_on is"
        " 'steps of earlier days passed before this record entered; null when the first may be late'"
    )
    op.execute(
        "comment on column enrollments.next_due_at is"
        " 'workspace time; null while a mail of it is under way or nothing is left'"
    )
    op.execute(
        """
        create table enrollment_entries (
            workspace_id uuid not null,
            id uuid not null,
            enrollment_id uuid not null,
            kind text not null,
            detail jsonb not null,
            at timestamptz not null,
            constraint pk_enrollment_entries primary key (workspace_id, id),
            constraint fk_enrollment_entries_workspace_id_enrollment_id_enrollments
                foreign key (workspace_id, enrollment_id) references enrollments (workspace_id, id)
        )
        """
    )
    op.execute(
        "create index ix_enrollment_entries_workspace_id_enrollment_id"
        " on enrollment_entries (workspace_id, enrollment_id)"
    )
    op.execute(
        """
        create table blocks (
            workspace_id uuid not null,
            sequence_id uuid not null,
            record_id uuid not null,
            cause text not null,
            enrollment_id uuid,
            blocked_at timestamptz not null,
            constraint pk_blocks primary key (workspace_id, record_id, cause, sequence_id)
        )
        """
    )
    op.execute(
        """
        create table entry_requests (
            workspace_id uuid not null,
            sequence_id uuid not null,
            record_id uuid not null,
            requested_at timestamptz not null,
            constraint pk_entry_requests primary key (workspace_id, record_id, sequence_id)
        )
        """
    )
    op.execute(
        """
        create table agenda (
            workspace_id uuid not null,
            record_id uuid not null,
            due_at timestamptz not null,
            cause jsonb not null,
            constraint pk_agenda primary key (workspace_id, record_id)
        )
        """
    )
    op.execute("create index ix_agenda_due on agenda (workspace_id, due_at)")
    for table in TABLES:
        enable_rls(table, app_role=ROLE)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"drop table {table}")

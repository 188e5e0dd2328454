"""Tasks, notes, notifications, and what others told us of members and accounts."""

from alembic import op

from shared.migrations import enable_rls

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROLE = "tenure_tasks"


def upgrade() -> None:
    op.execute(
        """
        create table members (
            workspace_id uuid not null,
            id uuid not null,
            full_name text not null,
            email text not null,
            role text not null,
            time_zone text,
            active boolean not null,
            version integer not null,
            constraint pk_members primary key (workspace_id, id)
        )
        """
    )
    op.execute(
        """
        create table accounts (
            workspace_id uuid not null,
            id uuid not null,
            name text not null,
            key_roles jsonb not null,
            deleted boolean not null,
            version integer not null,
            constraint pk_accounts primary key (workspace_id, id)
        )
        """
    )
    op.execute(
        """
        create table tasks (
            workspace_id uuid not null,
            id uuid not null,
            title text not null,
            body text not null default '',
            status text not null default 'open'
                constraint ck_tasks_status check (status in ('open', 'completed', 'closed')),
            priority text not null default 'normal'
                constraint ck_tasks_priority check (priority in ('low', 'normal', 'high')),
            category text,
            tags text[] not null default '{}',
            cause text,
            dedupe_key text,
            source jsonb not null,
            subject_type text,
            subject_id uuid,
            account_id uuid,
            assignee_id uuid,
            assignee_key_role text,
            due_rule jsonb,
            due_at timestamptz,
            breached_at timestamptz,
            snoozed_until timestamptz,
            data jsonb not null default '{}',
            outcome text,
            opened_at timestamptz not null,
            ended_at timestamptz,
            ended_by uuid,
            version integer not null default 1,
            created_at timestamptz not null default clock_timestamp(),
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_tasks primary key (workspace_id, id)
        )
        """
    )
    op.execute(
        "create unique index uq_tasks_open_dedupe_key on tasks (workspace_id, dedupe_key)"
        " where status = 'open'"
    )
    op.execute(
        "create index ix_tasks_assignee on tasks"
        " (workspace_id, assignee_id, due_at, id) where status = 'open'"
    )
    op.execute("create index ix_tasks_list on tasks (workspace_id, status, due_at, id)")
    op.execute("create index ix_tasks_subject on tasks (workspace_id, subject_id)")
    op.execute("create index ix_tasks_account on tasks (workspace_id, account_id)")
    op.execute(
        "create index ix_tasks_to_breach on tasks (due_at)"
        " where status = 'open' and breached_at is null and due_at is not null"
    )
    op.execute(
        "create index ix_tasks_unassigned on tasks (workspace_id, account_id)"
        " where status = 'open' and assignee_id is null and assignee_key_role is not null"
    )
    op.execute(
        """
        create table note_templates (
            workspace_id uuid not null,
            key text not null,
            version integer not null,
            title text not null,
            body text not null,
            fields jsonb not null,
            required jsonb not null default '[]',
            current boolean not null default true,
            created_at timestamptz not null default clock_timestamp(),
            constraint pk_note_templates primary key (workspace_id, key, version)
        )
        """
    )
    op.execute(
        """
        create table notes (
            workspace_id uuid not null,
            id uuid not null,
            template_key text,
            template_version integer,
            subject_type text not null,
            subject_id uuid not null,
            account_id uuid,
            title text not null,
            body text not null,
            category text,
            tags text[] not null default '{}',
            private boolean not null default false,
            noted_on date not null,
            author_id uuid,
            author jsonb not null,
            field_values jsonb not null default '{}',
            field_write text not null default 'none'
                constraint ck_notes_field_write
                check (field_write in ('none', 'pending', 'written', 'refused')),
            field_faults jsonb not null default '[]',
            write_attempts integer not null default 0,
            write_after timestamptz not null default clock_timestamp(),
            version integer not null default 1,
            created_at timestamptz not null default clock_timestamp(),
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_notes primary key (workspace_id, id)
        )
        """
    )
    op.execute("create index ix_notes_subject on notes (workspace_id, subject_id, id)")
    op.execute("create index ix_notes_account on notes (workspace_id, account_id, id)")
    op.execute(
        "create index ix_notes_to_write on notes (write_after) where field_write = 'pending'"
    )
    op.execute(
        """
        create table notifications (
            workspace_id uuid not null,
            id uuid not null,
            member_id uuid not null,
            kind text not null,
            title text not null,
            body text not null,
            subject_type text,
            subject_id uuid,
            event_id uuid not null,
            at timestamptz not null,
            read_at timestamptz,
            created_at timestamptz not null default clock_timestamp(),
            constraint pk_notifications primary key (workspace_id, id)
        )
        """
    )
    op.execute(
        "create unique index uq_notifications_member_id_event_id on notifications"
        " (workspace_id, member_id, event_id)"
    )
    for table in ("members", "accounts", "tasks", "note_templates", "notes", "notifications"):
        enable_rls(table, app_role=ROLE)


def downgrade() -> None:
    for table in ("notifications", "notes", "note_templates", "tasks", "accounts", "members"):
        op.execute(f"drop table {table}")

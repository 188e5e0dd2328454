"""Members, API keys and the audit log."""

from alembic import op

from shared.migrations import enable_rls

revision = "0001a"
down_revision = "0001"
branch_labels = None
depends_on = None

ROLES = "('admin', 'leader', 'team_member', 'observer')"


def upgrade() -> None:
    op.execute(
        f"""
        create table members (
            workspace_id uuid not null,
            id uuid not null,
            full_name text not null,
            email text not null,
            email_key text not null,
            role text not null constraint ck_members_role check (role in {ROLES}),
            time_zone text,
            external_id text,
            active boolean not null default true,
            version integer not null default 1,
            created_at timestamptz not null default clock_timestamp(),
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_members primary key (workspace_id, id),
            constraint uq_members_workspace_id_email_key unique (workspace_id, email_key),
            constraint uq_members_workspace_id_external_id unique (workspace_id, external_id),
            constraint fk_members_workspace_id_workspaces foreign key (workspace_id)
                references workspaces (workspace_id)
        )
        """
    )
    op.execute(
        "create index ix_members_workspace_id_full_name_id on members (workspace_id, full_name, id)"
    )
    op.execute(
        f"""
        create table api_keys (
            workspace_id uuid not null,
            id uuid not null,
            name text not null,
            prefix text not null,
            digest text not null,
            previous_digest text,
            previous_until timestamptz,
            role text constraint ck_api_keys_role check (role in {ROLES}),
            member_id uuid,
            scopes jsonb,
            read_only boolean not null default false,
            expires_at timestamptz,
            revoked_at timestamptz,
            last_used_at timestamptz,
            created_at timestamptz not null default clock_timestamp(),
            constraint pk_api_keys primary key (workspace_id, id),
            constraint fk_api_keys_workspace_id_member_id_members
                foreign key (workspace_id, member_id) references members (workspace_id, id),
            constraint ck_api_keys_role_or_member check ((role is null) <> (member_id is null))
        )
        """
    )
    op.execute(
        "comment on column api_keys.digest is "
        "'SHA-256 of the whole key, hex; 256 random bits need no salt'"
    )
    op.execute(
        "comment on column api_keys.role is 'of a key of the workspace; a member''s key has none'"
    )
    op.execute("create index ix_api_keys_digest on api_keys (digest)")
    op.execute("create index ix_api_keys_previous_digest on api_keys (previous_digest)")
    op.execute(
        "create index ix_api_keys_workspace_id_member_id on api_keys (workspace_id, member_id)"
    )
    op.execute(
        """
        create table audit_log (
            workspace_id uuid not null,
            id uuid not null,
            at timestamptz not null default clock_timestamp(),
            actor_type text not null,
            actor_id text not null,
            cause jsonb not null,
            action text not null,
            target_type text not null,
            target_id uuid not null,
            before jsonb,
            after jsonb,
            constraint pk_audit_log primary key (workspace_id, id)
        )
        """
    )
    op.execute(
        "create index ix_audit_log_workspace_id_target_id_id"
        " on audit_log (workspace_id, target_id, id)"
    )
    enable_rls("members", app_role="tenure_accounts")
    enable_rls("api_keys", app_role="tenure_accounts")
    # Append-only: what was written stays, whoever holds the service's credential.
    enable_rls("audit_log", app_role="tenure_accounts", grants="select, insert")


def downgrade() -> None:
    for table in ("audit_log", "api_keys", "members"):
        op.execute(f"drop table {table}")

"""What lifecycle rules were when. What a rule is now holds from the instant at which it was made."""

from alembic import op

from shared.migrations import enable_rls

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

APP = "tenure_accounts"


def upgrade() -> None:
    op.execute(
        """
        create table lifecycle_rule_versions (
            workspace_id uuid not null,
            rule_id uuid not null,
            version integer not null,
            status text not null,
            rule jsonb not null,
            since_field text,
            end_field text,
            deleted boolean not null,
            effective_at timestamptz not null,
            constraint pk_lifecycle_rule_versions primary key (workspace_id, rule_id, version)
        )
        """
    )
    op.execute(
        "comment on column lifecycle_rule_versions.effective_at"
        " is 'workspace time from which the rule was so'"
    )
    enable_rls("lifecycle_rule_versions", app_role=APP)
    op.execute(
        """
        insert into lifecycle_rule_versions (workspace_id, rule_id, version, status, rule,
                                             since_field, end_field, deleted, effective_at)
        select workspace_id, id, version, status, rule, since_field, end_field, false, created_at
        from lifecycle_rules
        """
    )


def downgrade() -> None:
    op.execute("drop table lifecycle_rule_versions")

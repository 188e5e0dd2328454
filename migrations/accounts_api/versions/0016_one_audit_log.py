"""The audit log holds what every service says, with the request that asked for it."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        alter table audit_log
            add column target_key text,
            add column service text not null default 'accounts',
            add column request_id text
        """
    )
    # The release before this one writes an id into every row, and reads only its own.
    op.execute(
        "-- squawk-ignore ban-drop-not-null\n"
        "alter table audit_log alter column target_id drop not null"
    )
    op.execute("comment on column audit_log.target_key is 'of what has a key and no id'")
    op.execute("comment on column audit_log.request_id is 'null: no request made it'")


def downgrade() -> None:
    op.execute("delete from audit_log where target_id is null")
    op.execute(
        """
        alter table audit_log
            drop column target_key,
            drop column service,
            drop column request_id,
            alter column target_id set not null
        """
    )

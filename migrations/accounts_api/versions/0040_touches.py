"""When somebody last spoke with a customer: each touch, and the last of each kind."""

from alembic import op

from shared.migrations import enable_rls

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

APP = "tenure_accounts"


def upgrade() -> None:
    op.execute(
        """
        create table touches (
            workspace_id uuid not null,
            source text not null,
            kind text not null,
            record_id uuid not null,
            record_type text not null,
            at timestamptz not null,
            known_at timestamptz not null default clock_timestamp(),
            constraint pk_touches primary key (workspace_id, source, kind, record_id),
            constraint ck_touches_kind check (kind in ('inbound', 'outbound', 'meeting', 'note'))
        )
        """
    )
    op.execute("create index ix_touches_record on touches (workspace_id, record_id, kind, at)")
    op.execute("comment on column touches.source is '`mail:<Message-ID>` or `note:<id>`'")
    op.execute("comment on column touches.at is 'workspace time'")
    enable_rls("touches", app_role=APP)
    op.execute(
        """
        create table record_touches (
            workspace_id uuid not null,
            record_id uuid not null,
            record_type text not null,
            last_inbound_at timestamptz,
            last_outbound_at timestamptz,
            last_meeting_at timestamptz,
            last_note_at timestamptz,
            constraint pk_record_touches primary key (workspace_id, record_id)
        )
        """
    )
    enable_rls("record_touches", app_role=APP)


def downgrade() -> None:
    op.execute("drop table record_touches")
    op.execute("drop table touches")

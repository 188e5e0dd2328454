"""What segments were when, whom people put in or out when, and what of the past waits to be
derived anew. What is known now holds from the instant at which it was written.
"""

from alembic import op

from shared.migrations import enable_rls

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

APP = "tenure_accounts"


def upgrade() -> None:
    versions()
    members()
    override_changes()
    corrections()
    # A partitioned table takes no concurrent index. Of all changes few are of what a record belongs
    # to, so this one is small.
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"
        "create index ix_field_changes_parents on field_changes (workspace_id, record_type, field)"
        " where field in ('organization_id', 'account_id', 'contact_id', 'opportunity_id')"
    )


def versions() -> None:
    op.execute("alter table segment_versions add column group_key text")
    op.execute("alter table segment_versions add column priority integer")
    op.execute("alter table segment_versions add column archived boolean not null default false")
    op.execute("alter table segment_versions add column effective_at timestamptz")
    comment(
        "segment_versions.effective_at",
        "workspace time from which the segment was defined so; null: since created_at",
    )
    op.execute(
        """
        update segment_versions v
        set group_key = s.group_key, priority = s.priority,
            archived = s.archived_at is not null and v.version = s.version
        from segments s where s.workspace_id = v.workspace_id and s.id = v.segment_id
        """
    )


def members() -> None:
    op.execute("alter table segment_members add column retracted_at timestamptz")
    comment(
        "segment_members.retracted_at",
        "when we learned that it was not so: machine time. It has ended, too, so that what is of"
        " now need not ask",
    )
    op.execute("alter table segment_members add column corrected boolean not null default false")
    comment("segment_members.corrected", "it was derived later, of what was told of the past")


def override_changes() -> None:
    op.execute(
        """
        create table segment_override_changes (
            workspace_id uuid not null,
            segment_id uuid not null,
            record_id uuid not null,
            id uuid not null,
            included boolean,
            effective_at timestamptz not null,
            constraint pk_segment_override_changes
                primary key (workspace_id, segment_id, record_id, id),
            constraint fk_segment_override_changes_workspace_id_segment_id_segments
                foreign key (workspace_id, segment_id) references segments (workspace_id, id)
        )
        """
    )
    comment("segment_override_changes.included", "null: from here on the rule decides")
    comment("segment_override_changes.effective_at", "workspace time")
    enable_rls("segment_override_changes", app_role=APP)
    op.execute(
        """
        insert into segment_override_changes
            (workspace_id, segment_id, record_id, id, included, effective_at)
        select workspace_id, segment_id, record_id, gen_random_uuid(), included, created_at
        from segment_overrides
        """
    )


def corrections() -> None:
    op.execute(
        """
        create table past_corrections (
            workspace_id uuid not null,
            id bigint generated always as identity,
            record_type text not null,
            record_id uuid not null,
            what text[] not null,
            since timestamptz not null,
            cause jsonb not null,
            constraint pk_past_corrections primary key (workspace_id, id)
        )
        """
    )
    comment("past_corrections.since", "workspace time from which the past may be another")
    enable_rls("past_corrections", app_role=APP)
    # As `claim_changes`: a queue looks empty whenever it is analyzed.
    op.execute(
        """
        create function claim_past_corrections(of_workspace uuid, at_most integer)
        returns setof past_corrections
        language plpgsql
        set search_path from current
        set enable_bitmapscan = off
        set enable_seqscan = off
        set enable_sort = off
        as $$
        begin
            return query
            delete from past_corrections
            where workspace_id = of_workspace and id in (
                select c.id from past_corrections c
                where c.workspace_id = of_workspace order by c.id limit at_most)
            returning *;
        end
        $$
        """
    )


def comment(column: str, text: str) -> None:
    op.execute(f"comment on column {column} is '{text}'")


def downgrade() -> None:
    op.execute("drop index ix_field_changes_parents")
    op.execute("drop function claim_past_corrections")
    op.execute("drop table past_corrections")
    op.execute("drop table segment_override_changes")
    op.execute("delete from segment_members where retracted_at is not null")
    op.execute("alter table segment_members drop column corrected")
    op.execute("alter table segment_members drop column retracted_at")
    for column in ("effective_at", "archived", "priority", "group_key"):
        op.execute(f"alter table segment_versions drop column {column}")

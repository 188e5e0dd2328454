"""Contact deactivation rules, trials with an end, and segments that tell with a delay."""

from alembic import op

from shared.migrations import enable_rls

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

APP = "tenure_accounts"


def upgrade() -> None:
    deactivation()
    segments()
    trials()


def deactivation() -> None:
    op.execute(
        """
        create table contact_deactivation_rules (
            workspace_id uuid not null,
            id uuid not null,
            title text not null,
            rule jsonb not null,
            since_field text,
            faults jsonb,
            version integer not null default 1,
            created_at timestamptz not null default clock_timestamp(),
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_contact_deactivation_rules primary key (workspace_id, id),
            constraint uq_contact_deactivation_rules_workspace_id_title
                unique (workspace_id, title)
        )
        """
    )
    op.execute(
        "comment on column contact_deactivation_rules.since_field is"
        " 'the date on the contact from which it is deactivated'"
    )
    op.execute(
        """
        create table contact_deactivations (
            workspace_id uuid not null,
            contact_id uuid not null,
            rule_id uuid not null,
            since timestamptz not null,
            constraint pk_contact_deactivations primary key (workspace_id, contact_id),
            constraint fk_contact_deactivations_workspace_id_contact_id_contacts
                foreign key (workspace_id, contact_id) references contacts (workspace_id, id)
        )
        """
    )
    op.execute(
        "comment on table contact_deactivations is 'contacts that a rule, not a person, put out'"
    )
    op.execute("comment on column contact_deactivations.since is 'workspace time'")
    for table in ("contact_deactivation_rules", "contact_deactivations"):
        enable_rls(table, app_role=APP)
    # Whose watches there are is said by the features that own them, and only there.
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"
        "alter table watches drop constraint if exists ck_watches_kind"
    )


def trials() -> None:
    op.execute("alter table lifecycle_stints add column trial_ends_at timestamptz")
    op.execute(
        "comment on column lifecycle_stints.trial_ends_at is"
        " 'when this trial should have become a subscription'"
    )
    with op.get_context().autocommit_block():
        op.execute(
            "create index concurrently if not exists ix_lifecycle_stints_trial_ends_at"
            " on lifecycle_stints (workspace_id, trial_ends_at)"
            " where ended_at is null and trial_ends_at is not null"
        )


def segments() -> None:
    op.execute("alter table segments add column debounce_minutes integer")
    op.execute(
        "comment on column segments.debounce_minutes is"
        " 'how long a move must last before others are told'"
    )
    op.execute(
        """
        create table segment_tellings (
            workspace_id uuid not null,
            segment_id uuid not null,
            record_id uuid not null,
            entered boolean not null,
            at timestamptz not null,
            by text not null,
            resumed boolean not null,
            cause jsonb not null,
            due_at timestamptz not null,
            constraint pk_segment_tellings primary key (workspace_id, segment_id, record_id),
            constraint fk_segment_tellings_workspace_id_segment_id_segments
                foreign key (workspace_id, segment_id) references segments (workspace_id, id)
        )
        """
    )
    op.execute("comment on column segment_tellings.at is 'workspace time of the move'")
    op.execute("comment on column segment_tellings.due_at is 'workspace time'")
    op.execute(
        "create index ix_segment_tellings_workspace_id_due_at"
        " on segment_tellings (workspace_id, due_at)"
    )
    enable_rls("segment_tellings", app_role=APP)
    op.execute("alter table sweeps add column repeated boolean not null default false")
    op.execute(
        "comment on column sweeps.repeated is"
        " 'the rule is as it was when all were looked at before: what is corrected is drift'"
    )


def downgrade() -> None:
    op.execute("alter table sweeps drop column repeated")
    op.execute("drop table segment_tellings")
    op.execute("alter table segments drop column debounce_minutes")
    op.execute("alter table lifecycle_stints drop column trial_ends_at")
    op.execute("delete from watches where kind = 'deactivation'")
    op.execute("drop table contact_deactivations")
    op.execute("drop table contact_deactivation_rules")

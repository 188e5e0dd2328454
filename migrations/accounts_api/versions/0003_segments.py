"""What compiled rules call, rules that are watched, segments and lifecycle rules."""

from alembic import op

from shared.migrations import enable_rls

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

APP = "tenure_accounts"
RECORD_TYPES = "('organization', 'account', 'contact', 'opportunity')"
KEPT = """
    version integer not null default 1,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp()
"""
TABLES = (
    "change_queue",
    "watches",
    "watch_sights",
    "watch_horizons",
    "sweeps",
    "segments",
    "segment_versions",
    "segment_members",
    "segment_overrides",
    "lifecycle_rules",
    "lifecycle_stints",
)

# Letters that Unicode does not decompose, and what they are folded to; shared.rules.types.fold.
LETTERS = (
    "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩςАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЂЄЅІЈЉЊЋЏҐÆæŒœØøĐđÐðÞþŁłĦħŦŧŊŋıßẞ"
)
FOLDED = (
    "αβγδεζηθικλμνξοπρστυφχψωσабвгдежзийклмнопрстуфхцчшщъыьэюяђєѕіјљњћџґææœœooddddþþllhhttŋŋißß"
)


def upgrade() -> None:
    functions()
    watching()
    segments()
    lifecycle()
    for table in TABLES:
        enable_rls(table, app_role=APP)


def functions() -> None:
    # `lower` sees ASCII only and with the C collation: the same answer on every server.
    op.execute(
        f"""
        create function fold(given text) returns text
        language sql immutable strict parallel safe
        return case when octet_length(given) = char_length(given)
          then lower(given collate "C")
          else lower(translate(
            regexp_replace(normalize(given, NFKD), '[\u0300-\u036f]+', '', 'g'),
            '{LETTERS}', '{FOLDED}') collate "C") end
        """
    )
    op.execute(
        """
        create function iso_date(given text) returns date
        language sql immutable strict parallel safe
        return case
          when given ~ '^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'
            and substr(given, 9, 2)::int <= extract(day from
              make_date(substr(given, 1, 4)::int, substr(given, 6, 2)::int, 1)
              + interval '1 month' - interval '1 day')
          then make_date(
            substr(given, 1, 4)::int, substr(given, 6, 2)::int, substr(given, 9, 2)::int) end
        """
    )
    op.execute(
        r"""
        create function iso_instant(given text) returns timestamptz
        language sql immutable strict parallel safe
        return case
          when given ~ '^.{10}T([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\.[0-9]{1,6})?Z$'
          then (iso_date(left(given, 10)) + make_interval(
            hours => substr(given, 12, 2)::int, mins => substr(given, 15, 2)::int,
            secs => rtrim(substr(given, 18), 'Z')::double precision)) at time zone 'UTC' end
        """
    )
    # For a midnight that happens twice PostgreSQL takes the second; the day starts with the first.
    op.execute(
        """
        create function day_start(day date, zone text) returns timestamptz
        language sql stable strict parallel safe
        return case
          when ((day::timestamp at time zone zone) - interval '1 hour') at time zone zone >= day
          then (day::timestamp at time zone zone) - interval '1 hour'
          else day::timestamp at time zone zone end
        """
    )
    for function in ("fold(text)", "iso_date(text)", "iso_instant(text)", "day_start(date, text)"):
        op.execute(f"grant execute on function {function} to {APP}")


def watching() -> None:
    op.execute(
        f"""
        create table change_queue (
            workspace_id uuid not null,
            id bigint not null generated always as identity,
            record_type text not null,
            record_id uuid not null,
            what text[] not null,
            at timestamptz not null,
            cause jsonb not null,
            constraint pk_change_queue primary key (workspace_id, id),
            constraint ck_change_queue_record_type check (record_type in {RECORD_TYPES})
        )
        """
    )
    op.execute("comment on column change_queue.at is 'workspace time of the change'")
    op.execute(
        f"""
        create table watches (
            workspace_id uuid not null,
            id uuid not null,
            kind text not null,
            record_type text not null,
            constraint pk_watches primary key (workspace_id, id),
            constraint ck_watches_kind check (kind in ('segment', 'lifecycle')),
            constraint ck_watches_record_type check (record_type in {RECORD_TYPES})
        )
        """
    )
    op.execute(
        """
        create table watch_sights (
            workspace_id uuid not null,
            watch_id uuid not null,
            record_type text not null,
            what text not null,
            path text[] not null,
            constraint pk_watch_sights
                primary key (workspace_id, record_type, what, watch_id, path),
            constraint fk_watch_sights_workspace_id_watch_id_watches
                foreign key (workspace_id, watch_id) references watches (workspace_id, id)
                on delete cascade
        )
        """
    )
    op.execute(
        "comment on column watch_sights.path is"
        " 'relations from the watched record to the one that is seen'"
    )
    op.execute(
        "create index ix_watch_sights_workspace_id_watch_id on watch_sights (workspace_id, watch_id)"
    )
    op.execute(
        """
        create table watch_horizons (
            workspace_id uuid not null,
            watch_id uuid not null,
            record_id uuid not null,
            flips_at timestamptz not null,
            constraint pk_watch_horizons primary key (workspace_id, watch_id, record_id)
        )
        """
    )
    op.execute(
        "comment on column watch_horizons.flips_at is"
        " 'workspace time until which the verdict stays unless data change'"
    )
    op.execute(
        "create index ix_watch_horizons_workspace_id_flips_at"
        " on watch_horizons (workspace_id, flips_at)"
    )
    op.execute(
        """
        create table sweeps (
            workspace_id uuid not null,
            watch_id uuid not null,
            run integer not null default 1,
            after_id uuid,
            done integer not null default 0,
            total integer,
            started_at timestamptz not null default clock_timestamp(),
            finished_at timestamptz,
            drift integer,
            constraint pk_sweeps primary key (workspace_id, watch_id)
        )
        """
    )
    op.execute(
        "comment on column sweeps.drift is"
        " 'verdicts that the last look at every record had to correct'"
    )
    op.execute(
        "create index ix_sweeps_unfinished on sweeps (workspace_id, watch_id)"
        " where finished_at is null"
    )


def segments() -> None:
    op.execute(
        f"""
        create table segments (
            workspace_id uuid not null,
            id uuid not null,
            title text not null,
            description text,
            record_type text not null,
            rule jsonb not null,
            group_key text,
            priority integer,
            faults jsonb,
            archived_at timestamptz,
            {KEPT},
            constraint pk_segments primary key (workspace_id, id),
            constraint ck_segments_record_type check (record_type in {RECORD_TYPES}),
            constraint ck_segments_group check ((group_key is null) = (priority is null))
        )
        """
    )
    op.execute("comment on column segments.faults is 'why the rule cannot be used any more'")
    op.execute(
        "comment on column segments.group_key is"
        " 'a record is a member of one segment of its group, the one of lowest priority number'"
    )
    op.execute(
        "create unique index uq_segments_workspace_id_title on segments (workspace_id, title)"
        " where archived_at is null"
    )
    op.execute(
        "create unique index uq_segments_workspace_id_record_type_group_key_priority"
        " on segments (workspace_id, record_type, group_key, priority) where archived_at is null"
    )
    op.execute(
        """
        create table segment_versions (
            workspace_id uuid not null,
            segment_id uuid not null,
            version integer not null,
            title text not null,
            rule jsonb not null,
            cause jsonb not null,
            created_at timestamptz not null default clock_timestamp(),
            constraint pk_segment_versions primary key (workspace_id, segment_id, version),
            constraint fk_segment_versions_workspace_id_segment_id_segments
                foreign key (workspace_id, segment_id) references segments (workspace_id, id)
        )
        """
    )
    op.execute(
        """
        create table segment_members (
            workspace_id uuid not null,
            segment_id uuid not null,
            record_id uuid not null,
            id uuid not null,
            entered_at timestamptz not null,
            left_at timestamptz,
            entered_by text not null,
            left_by text,
            constraint pk_segment_members primary key (workspace_id, segment_id, record_id, id),
            constraint fk_segment_members_workspace_id_segment_id_segments
                foreign key (workspace_id, segment_id) references segments (workspace_id, id),
            constraint ck_segment_members_entered_by check (entered_by in ('rule', 'person')),
            constraint ck_segment_members_left_by
                check (left_by in ('rule', 'person', 'deleted', 'archived'))
        )
        """
    )
    op.execute("comment on column segment_members.entered_at is 'workspace time'")
    op.execute(
        "create unique index uq_segment_members_current"
        " on segment_members (workspace_id, segment_id, record_id) where left_at is null"
    )
    op.execute(
        "create index ix_segment_members_of_record on segment_members (workspace_id, record_id)"
        " where left_at is null"
    )
    op.execute(
        """
        create table segment_overrides (
            workspace_id uuid not null,
            segment_id uuid not null,
            record_id uuid not null,
            included boolean not null,
            note text,
            cause jsonb not null,
            created_at timestamptz not null default clock_timestamp(),
            constraint pk_segment_overrides primary key (workspace_id, segment_id, record_id),
            constraint fk_segment_overrides_workspace_id_segment_id_segments
                foreign key (workspace_id, segment_id) references segments (workspace_id, id)
        )
        """
    )
    op.execute("comment on column segment_overrides.included is 'beats the rule until cleared'")


def lifecycle() -> None:
    op.execute(
        f"""
        create table lifecycle_rules (
            workspace_id uuid not null,
            id uuid not null,
            title text not null,
            status text not null,
            rule jsonb not null,
            since_field text,
            end_field text,
            faults jsonb,
            {KEPT},
            constraint pk_lifecycle_rules primary key (workspace_id, id),
            constraint uq_lifecycle_rules_workspace_id_title unique (workspace_id, title),
            constraint ck_lifecycle_rules_status check (status in ('ignored', 'churned', 'trial'))
        )
        """
    )
    op.execute(
        "comment on column lifecycle_rules.since_field is"
        " 'the date on the account from which the status holds'"
    )
    op.execute(
        "comment on column lifecycle_rules.end_field is"
        " 'the date on the account at which a trial should have become a subscription'"
    )
    op.execute(
        """
        create table lifecycle_stints (
            workspace_id uuid not null,
            account_id uuid not null,
            id uuid not null,
            status text not null,
            started_at timestamptz not null,
            ended_at timestamptz,
            rule_id uuid,
            constraint pk_lifecycle_stints primary key (workspace_id, account_id, id),
            constraint fk_lifecycle_stints_workspace_id_account_id_accounts
                foreign key (workspace_id, account_id) references accounts (workspace_id, id)
        )
        """
    )
    op.execute("comment on column lifecycle_stints.started_at is 'workspace time'")
    op.execute(
        "create unique index uq_lifecycle_stints_current"
        " on lifecycle_stints (workspace_id, account_id) where ended_at is null"
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"drop table {table}")
    for function in ("day_start(date, text)", "iso_instant(text)", "iso_date(text)", "fold(text)"):
        op.execute(f"drop function {function}")

"""Operations of migrations: row-level security, partitions by month, shared tables, rewriting."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from alembic import op
from sqlalchemy import text

from shared.keys import key_of
from shared.rules.sql.rows import FUNCTIONS

_ROWS_AT_A_TIME: Final = 1_000

POLICY = """
create policy workspace_wall on {table}
using (
  (select current_setting('app.workspace_id', true)) = '*'
  or workspace_id = (
    select case when current_setting('app.workspace_id', true) in ('', '*') then null
      else current_setting('app.workspace_id', true)::uuid end)
)
with check (
  (select current_setting('app.workspace_id', true)) = '*'
  or workspace_id = (
    select case when current_setting('app.workspace_id', true) in ('', '*') then null
      else current_setting('app.workspace_id', true)::uuid end)
)
"""


def enable_rls(
    table: str, *, app_role: str, grants: str = "select, insert, update, delete"
) -> None:
    """Force row-level security on `table` by `workspace_id` and grant it to the service's role."""
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(POLICY.format(table=table))
    op.execute(f"grant {grants} on {table} to {app_role}")


def by_month(table: str, *, app_role: str) -> None:
    """Let `table`, which is partitioned by an instant, have a partition for each month: makes
    `make_<table>_partitions(months_ahead)`, which the service's role calls although it owns no
    table, and the first ones. Each gets what the table has and the wall.
    """
    policy = POLICY.replace("{table}", "%1$I").replace("'", "''")
    function = f"make_{table}_partitions(integer)"
    op.execute(
        f"""
        create function make_{table}_partitions(months_ahead integer) returns integer
        language plpgsql security definer set search_path from current
        as $$
        declare
            month date := date_trunc('month', clock_timestamp() at time zone 'UTC');
            made integer := 0;
            part text;
        begin
            for step in 0..months_ahead loop
                part := '{table}_p' || to_char(month + make_interval(months => step), 'YYYYMM');
                continue when to_regclass(part) is not null;
                execute format('create table %I (like {table} including all)', part);
                execute format('alter table %I enable row level security', part);
                execute format('alter table %I force row level security', part);
                execute format('{policy}', part);
                execute format('alter table {table} attach partition %I'
                    ' for values from (%L) to (%L)', part,
                    (month + make_interval(months => step)) at time zone 'UTC',
                    (month + make_interval(months => step + 1)) at time zone 'UTC');
                made := made + 1;
            end loop;
            return made;
        end
        $$
        """
    )
    op.execute(f"revoke all on function {function} from public")
    op.execute(f"grant execute on function {function} to {app_role}")
    op.execute(f"select make_{table}_partitions(3)")


def lay_foundation(app_role: str) -> None:
    """Create the tables of `shared.foundation` and `workspace_now`, in the current schema."""
    op.execute(
        """
        create table workspaces (
            workspace_id uuid constraint pk_workspaces primary key,
            name text not null,
            time_zone text not null default 'UTC',
            currency varchar(3) not null default 'USD',
            sandbox boolean not null default false,
            frozen_at timestamptz,
            settings jsonb not null default '{}',
            version integer not null default 1,
            created_at timestamptz not null default clock_timestamp(),
            updated_at timestamptz not null default clock_timestamp()
        )
        """
    )
    op.execute(
        "comment on column workspaces.frozen_at is "
        "'a sandbox''s stopped clock; null runs with the database'"
    )
    op.execute(
        """
        create function workspace_now(workspace uuid) returns timestamptz
        language sql volatile
        as $$
            select coalesce(
                (select w.frozen_at from workspaces w where w.workspace_id = workspace),
                clock_timestamp())
        $$
        """
    )
    op.execute(
        """
        create table events (
            workspace_id uuid not null,
            id uuid not null,
            xid xid8 not null default pg_current_xact_id(),
            seq bigint not null generated always as identity,
            name text not null,
            payload jsonb not null,
            cause jsonb not null,
            occurred_at timestamptz not null,
            recorded_at timestamptz not null default clock_timestamp(),
            constraint pk_events primary key (workspace_id, id)
        )
        """
    )
    op.execute("create index ix_events_feed on events (xid, seq)")
    op.execute(
        """
        create table checkpoints (
            publisher text not null,
            shard text not null,
            cursor text not null default '',
            failures integer not null default 0,
            last_error text,
            moved_at timestamptz not null default clock_timestamp(),
            constraint pk_checkpoints primary key (publisher, shard)
        )
        """
    )
    op.execute(
        """
        create table dead_events (
            workspace_id uuid not null,
            publisher text not null,
            event_id uuid not null,
            name text not null,
            envelope jsonb not null,
            reason text not null,
            died_at timestamptz not null default clock_timestamp(),
            replayed_at timestamptz,
            constraint pk_dead_events primary key (workspace_id, publisher, event_id)
        )
        """
    )
    op.execute(
        """
        create table idempotency_keys (
            workspace_id uuid not null,
            principal text not null,
            route text not null,
            key text not null,
            fingerprint text not null,
            status integer not null,
            headers jsonb not null,
            body bytea not null,
            created_at timestamptz not null default clock_timestamp(),
            expires_at timestamptz not null,
            constraint pk_idempotency_keys primary key (workspace_id, principal, route, key)
        )
        """
    )
    op.execute("create index ix_idempotency_keys_expires_at on idempotency_keys (expires_at)")
    for table in ("workspaces", "events", "dead_events", "idempotency_keys"):
        enable_rls(table, app_role=app_role)
    op.execute(f"grant select, insert, update, delete on checkpoints to {app_role}")
    op.execute(f"grant execute on function workspace_now(uuid) to {app_role}")


def rewrite(
    table: str,
    columns: Mapping[str, str],
    where: str,
    rewritten: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    *,
    key: Sequence[str] = ("workspace_id", "id"),
) -> None:
    """Store what `rewritten` returns for each row that meets `where`, in Python and in batches.

    `columns` are the SQL expressions that it reads, by name. It returns new values by column; an
    empty mapping leaves the row as it is. In offline mode (SQL only) nothing is done.
    """
    if op.get_context().as_sql:
        return
    place = ", ".join(key)
    read = ", ".join(f"{expression} as {name}" for name, expression in columns.items())
    after = "true"
    position: Mapping[str, Any] = {}
    while True:
        result = op.get_bind().execute(
            text(
                f"select {place}, {read} from {table} where ({where}) and {after}"
                f" order by {place} limit {_ROWS_AT_A_TIME}"
            ),
            position,
        )
        rows: list[Mapping[str, Any]] = [dict(row) for row in result.mappings()]
        for row in rows:
            values = rewritten(row)
            if not values:
                continue
            assignments = ", ".join(f"{name} = :new_{name}" for name in values)
            this = " and ".join(f"{name} = :{name}" for name in key)
            op.get_bind().execute(
                text(f"update {table} set {assignments} where {this}"),
                {name: row[name] for name in key} | {f"new_{n}": v for n, v in values.items()},
            )
        if len(rows) < _ROWS_AT_A_TIME:
            return
        after = f"({place}) > ({', '.join(f':{name}' for name in key)})"
        position = {name: rows[-1][name] for name in key}


def lay_rules() -> None:
    """The functions that rules written as SQL call."""
    for function in FUNCTIONS:
        op.execute(function)


def take_up_rules() -> None:
    for signature in (
        "day_start(date, text)",
        "iso_instant(text)",
        "iso_date(text)",
        "fold(text)",
    ):
        op.execute(f"drop function {signature}")


def is_odd_email(column: str) -> str:
    """The condition that an address may have another key than itself in small letters, or none."""
    word = "[a-z0-9_+''-]+"
    domain = r"([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]+"
    return rf'lower({column} collate "C")' rf" !~ '^{word}(\.{word})*@{domain}$'"


def lay_held_work(app_role: str) -> None:
    """Create the table of `shared.held_work`, in the current schema."""
    op.execute(
        """
        create table held_work (
            workspace_id uuid not null,
            id uuid not null,
            step text not null,
            item text not null,
            about jsonb not null default '{}',
            reason text not null,
            attempts integer not null default 1,
            held_at timestamptz not null default clock_timestamp(),
            retry_at timestamptz not null,
            constraint pk_held_work primary key (workspace_id, step, item)
        )
        """
    )
    op.execute("comment on column held_work.item is 'which of the step''s items; one row for each'")
    op.execute("create index ix_held_work_retry_at on held_work (workspace_id, step, retry_at)")
    enable_rls("held_work", app_role=app_role)


def lay_former_keys(app_role: str) -> None:
    """Create the table of `shared.keys`, in the current schema."""
    op.execute(
        """
        create table former_keys (
            workspace_id uuid not null,
            kind text not null,
            key text not null,
            id uuid not null,
            expires_at timestamptz not null,
            constraint pk_former_keys primary key (workspace_id, kind, key)
        )
        """
    )
    op.execute("comment on column former_keys.expires_at is 'workspace time; then the key is free'")
    enable_rls("former_keys", app_role=app_role)


def lay_calendar_copies(app_role: str) -> None:
    """Create the table of `shared.calendars`, in the current schema."""
    op.execute(
        """
        create table calendars (
            workspace_id uuid not null,
            id uuid not null,
            time_zone text,
            is_default boolean not null,
            definition jsonb not null,
            version integer not null,
            constraint pk_calendars primary key (workspace_id, id)
        )
        """
    )
    op.execute("comment on column calendars.time_zone is 'null: that of whoever works by it'")
    enable_rls("calendars", app_role=app_role)


def add_keys(table: str, kind: str, *, schema: str, title: str = "title", alive: str = "") -> None:
    """Give the things in `table` the keys that their titles suggest. Ends outside a transaction."""
    op.execute(f"alter table {table} add column if not exists key text not null default ''")
    op.execute(
        f"alter table {table} alter column key"
        " set default ('k' || replace(gen_random_uuid()::text, '-', ''))"
    )
    taken: set[tuple[Any, str]] = set()

    def named(row: Mapping[str, Any]) -> Mapping[str, Any]:
        stem = key_of(row["title"], kind)
        number, key = 1, stem
        while (row["workspace_id"], key) in taken:
            number += 1
            key = f"{stem[:58]}_{number}"
        taken.add((row["workspace_id"], key))
        return {"key": key}

    rewrite(table, {"title": title}, "true", named)
    where = f" where {alive}" if alive else ""
    with op.get_context().autocommit_block():
        op.execute(
            f"create unique index concurrently if not exists uq_{table}_workspace_id_key"
            f" on {schema}.{table} (workspace_id, key){where}"
        )

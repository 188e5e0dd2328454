"""Calendars. Every workspace gets a default one, of what its settings said of days until now. The
other services hear of it as of any calendar.
"""

from alembic import op

from shared.migrations import enable_rls, lay_former_keys

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_ROLE = "tenure_accounts"
_WEEK = "'monday', 'tuesday', 'wednesday', 'thursday', 'friday'"
_WORKING = f"coalesce(nullif(w.settings -> 'working_days', '[]'), jsonb_build_array({_WEEK}))"
_HOLIDAYS = "coalesce(w.settings -> 'holidays', '[]')"


def upgrade() -> None:
    op.execute(
        """
        create table calendars (
            workspace_id uuid not null,
            id uuid not null,
            key text not null,
            title text not null,
            time_zone text,
            is_default boolean not null default false,
            definition jsonb not null,
            version integer not null default 1,
            created_at timestamptz not null default clock_timestamp(),
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_calendars primary key (workspace_id, id),
            constraint uq_calendars_workspace_id_key unique (workspace_id, key),
            constraint fk_calendars_workspace_id_workspaces
                foreign key (workspace_id) references workspaces (workspace_id)
        )
        """
    )
    op.execute("comment on column calendars.time_zone is 'null: that of whoever works by it'")
    op.execute("comment on column calendars.definition is 'CalendarDefinition of shared.events'")
    op.execute(
        "create unique index uq_calendars_default on calendars (workspace_id) where is_default"
    )
    enable_rls("calendars", app_role=_ROLE)
    lay_former_keys(_ROLE)
    op.execute("alter table members add column calendar_id uuid")
    op.execute("comment on column members.calendar_id is 'null: the workspace''s default'")
    op.execute(
        """
        alter table members add constraint fk_members_workspace_id_calendar_id_calendars
            foreign key (workspace_id, calendar_id) references calendars (workspace_id, id)
            not valid
        """
    )
    op.execute(
        f"""
        insert into calendars (workspace_id, id, key, title, is_default, definition)
        select w.workspace_id, gen_random_uuid(), 'default', 'Working days', true,
               jsonb_build_object(
                   'working_hours', (
                       select jsonb_object_agg(day, jsonb_build_array(
                           jsonb_build_object('start', '09:00', 'end', '17:00')))
                       from jsonb_array_elements_text({_WORKING}) day),
                   'country', null,
                   'subdivision', null,
                   'closed_days', (
                       select coalesce(jsonb_agg(
                           jsonb_build_object('date', day, 'title', 'Holiday') order by day), '[]')
                       from jsonb_array_elements_text({_HOLIDAYS}) day),
                   'extra_working_days', '[]'::jsonb)
        from workspaces w
        on conflict do nothing
        """
    )
    op.execute(
        """
        insert into events (workspace_id, id, name, payload, cause, occurred_at)
        select c.workspace_id, gen_random_uuid(), 'accounts.calendar_changed.v1',
               jsonb_build_object(
                   'id', c.id, 'key', c.key, 'title', c.title, 'time_zone', c.time_zone,
                   'default', c.is_default, 'definition', c.definition, 'deleted', false,
                   'version', c.version),
               '[{"type": "system", "id": "migration"}]', workspace_now(c.workspace_id)
        from calendars c
        """
    )
    op.execute("update workspaces set settings = settings - 'working_days' - 'holidays'")


def downgrade() -> None:
    op.execute(
        """
        update workspaces w
        set settings = w.settings || jsonb_build_object(
            'working_days', (
                select jsonb_agg(day) from jsonb_object_keys(c.definition -> 'working_hours') day),
            'holidays', (
                select coalesce(jsonb_agg(day -> 'date'), '[]')
                from jsonb_array_elements(c.definition -> 'closed_days') day))
        from calendars c
        where c.workspace_id = w.workspace_id and c.is_default
        """
    )
    op.execute("alter table members drop column calendar_id")
    op.execute("drop table former_keys")
    op.execute("drop table calendars")

"""One event for all that was worked out of a record in one transaction; what is quiet by itself."""

from sqlalchemy import text

from shared.uow import UnitOfWork

# The last of a record's events holds its state; what the others say changed is said there, too, and
# what the first of them says was there before.
_COALESCE = text(
    """
    with told as materialized (
        select id, seq, name, record, quiet, payload,
               row_number() over same as place, count(*) over (same rows between
                   unbounded preceding and unbounded following) as events
        from (
            select *, payload ->> 'id' as record, cause @> '[{"type": "quiet_batch"}]' as quiet
            from events
            where workspace_id = :workspace_id and xid = pg_current_xact_id()
              and payload ->> 'change' = 'computed'
        ) computed
        window same as (partition by name, record, quiet order by seq desc)
    ), changed as (
        select name, record, quiet, jsonb_agg(distinct field order by field) as fields
        from told cross join lateral jsonb_array_elements(payload -> 'changed') field
        where events > 1 group by name, record, quiet
    ), previous as (
        select name, record, quiet, jsonb_object_agg(key, value order by seq desc) as fields
        from told cross join lateral jsonb_each(payload -> 'previous')
        where events > 1 group by name, record, quiet
    ), gone as (
        delete from events e using told t
        where e.workspace_id = :workspace_id and e.id = t.id and t.place > 1
    )
    update events e
    set payload = e.payload || jsonb_build_object('changed', c.fields, 'previous', p.fields)
    from told t
    join changed c using (name, record, quiet)
    join previous p using (name, record, quiet)
    where e.workspace_id = :workspace_id and e.id = t.id and t.place = 1
    """
)


async def coalesce_computed(uow: UnitOfWork) -> None:
    """Before the commit. Feeds are read by transactions that have ended, so nobody has seen any."""
    await uow.flush_events()
    await uow.run(_COALESCE)

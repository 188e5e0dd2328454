"""What this workspace has defined: traits, object types, and what a day is."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_OBJECT_TYPES = """
    select coalesce(json_agg(json_build_object(
        'id', t.id, 'key', t.key, 'plural_key', t.plural_key,
        'archived', t.archived, 'deleted', t.deleted_at is not null,
        'links', (select coalesce(json_agg(json_build_object(
                      'to', l.record_type, 'reverse', l.reverse) order by l.record_type), '[]')
                  from object_type_links l
                  where l.workspace_id = :workspace_id and l.object_type_id = t.id)
    ) order by t.key)::text, '[]')
    from object_types t
    where t.workspace_id = :workspace_id
"""
_ALL_DEFINITIONS = text(
    f"""
    select coalesce(json_agg(json_build_object(
        'record_type', record_type, 'key', key, 'type', coalesce(result_type, type),
        'currency', currency,
        'options', (select json_agg(option)
                    from jsonb_path_query(options, '$[*].value ? (@.type() == "string")') option)
    ) order by record_type, key)::text, '[]') as traits,
    ({_OBJECT_TYPES} and t.deleted_at is null) as object_types
    from trait_definitions
    where workspace_id = :workspace_id and deleted_at is null
    """
)


async def definitions(session: AsyncSession, workspace_id: UUID) -> tuple[str, str]:
    """What a rule must know of the traits of every record type, and of the object types, as two
    JSON documents.
    """
    found = (await session.execute(_ALL_DEFINITIONS, {"workspace_id": workspace_id})).one()
    return found.traits, found.object_types


_LIVING_OBJECT_TYPES = text(f"{_OBJECT_TYPES} and t.deleted_at is null")
_ONE_OBJECT_TYPE = text(f"{_OBJECT_TYPES} and t.key = :key")


async def object_types(session: AsyncSession, workspace_id: UUID) -> str:
    """As a JSON document."""
    return str(await session.scalar(_LIVING_OBJECT_TYPES, {"workspace_id": workspace_id}))


async def object_type(session: AsyncSession, workspace_id: UUID, key: str) -> str:
    """A JSON document of one or none; it may be one that is being deleted."""
    given = {"workspace_id": workspace_id, "key": key}
    return str(await session.scalar(_ONE_OBJECT_TYPE, given))


_CALENDAR = text(
    """
    select coalesce((settings ->> 'fiscal_year_start_month')::int, 1) as month,
           coalesce(settings -> 'working_days', '[]')::text as working_days,
           coalesce(settings -> 'holidays', '[]')::text as holidays
    from workspaces where workspace_id = :workspace_id
    """
)


async def calendar(session: AsyncSession, workspace_id: UUID) -> tuple[int, str, str]:
    """The month a fiscal year begins with; the working days and the holidays as JSON lists, empty
    where nothing was said.
    """
    row = (await session.execute(_CALENDAR, {"workspace_id": workspace_id})).one_or_none()
    return (row.month, row.working_days, row.holidays) if row else (1, "[]", "[]")

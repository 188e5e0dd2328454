"""What this workspace has defined: traits, object types, and what a day is."""

from dataclasses import dataclass

from sqlalchemy import text

from shared.keys import Named
from shared.uow import UnitOfWork

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
    ({_OBJECT_TYPES} and t.deleted_at is null) as object_types,
    (select coalesce(json_agg(json_build_object('key', key, 'type', type, 'events', events)
                              order by key)::text, '[]')
     from product_event_properties where workspace_id = :workspace_id) as event_properties,
    (select coalesce(json_agg(json_build_object(
        'id', s.id, 'record_type', s.record_type, 'key', s.key,
        'labels', jsonb_path_query_array(d.document, '$[*].labels[*].key')
        ) order by s.key)::text, '[]')
     from health_score_types s join health_definitions d
       on d.workspace_id = s.workspace_id and d.score_id = s.id
      and d.version = s.definitions_version
     where s.workspace_id = :workspace_id and s.archived_at is null) as health_scores,
    (select coalesce(json_agg(json_build_object('record_type', record_type, 'key', key, 'id', id)
                              order by record_type, key)::text, '[]')
     from metric_definitions where workspace_id = :workspace_id and archived_at is null) as metrics
    from trait_definitions
    where workspace_id = :workspace_id and deleted_at is null
    """
)


@dataclass(frozen=True, slots=True)
class Definitions:
    """What a rule must know of the traits of every record type, of the object types, of the
    declared properties of product events, of health scores and of metrics, as JSON documents.
    """

    traits: str
    object_types: str
    event_properties: str
    health_scores: str
    metrics: str


async def definitions(uow: UnitOfWork) -> Definitions:
    return await uow.one(Definitions, _ALL_DEFINITIONS)


_LIVING_OBJECT_TYPES = text(f"{_OBJECT_TYPES} and t.deleted_at is null")
_ONE_OBJECT_TYPE = text(f"{_OBJECT_TYPES} and t.key = :key")


async def object_types(uow: UnitOfWork) -> str:
    """As a JSON document."""
    return await uow.one_value(str, _LIVING_OBJECT_TYPES)


async def object_type(uow: UnitOfWork, key: str) -> str:
    """A JSON document of one or none; it may be one that is being deleted."""
    return await uow.one_value(str, _ONE_OBJECT_TYPE, key=key)


_TRAITS_BY_KEY = text(
    "select record_type || '.' || key as key, id from trait_definitions"
    " where workspace_id = :workspace_id and deleted_at is null"
    " and record_type || '.' || key = any(:keys)"
)


async def traits_by_key(uow: UnitOfWork, keys: list[str]) -> list[Named]:
    """By their record types and keys, as `account.tier`."""
    return await uow.rows(Named, _TRAITS_BY_KEY, keys=keys)

"""What lists put in beside the records themselves, as JSON that the database writes."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from accounts_api.customers.formulas.shown import with_moved_related
from accounts_api.language.rules.ignored import not_ignored
from accounts_api.records.history.as_of import PointInTime, with_clause
from accounts_api.records.schema.record_schemas import (
    OBJECT,
    RECORD_SCHEMAS,
    ObjectLink,
    ObjectType,
    Parent,
    RecordSchema,
)
from accounts_api.records.schema.related_json import EMPTY, related_of_each
from shared.uow import UnitOfWork

_CONTACTS = """
    select l.account_id::text as id, json_agg(json_build_object(
        'id', c.id, 'external_id', c.external_id, 'name', c.name, 'email', c.email,
        'title', c.title, 'email_status', c.email_status, 'plan_roles', l.plan_roles)
        order by c.name, c.id)::text as related
    from account_contacts l
    join contacts c on c.workspace_id = :workspace_id and c.id = l.contact_id
     and c.deleted_at is null
    where l.workspace_id = :workspace_id and l.account_id = any(cast(:ids as uuid[]))
    group by l.account_id
"""
_OPPORTUNITIES = """
    select account_id::text as id, json_agg(json_build_object(
        'id', id, 'external_id', external_id, 'name', name, 'type', type, 'stage', stage,
        'is_closed', is_closed, 'is_won', is_won, 'contract_expiration', contract_expiration,
        'arr', arr, 'currency', currency) order by contract_expiration, id)::text as related
    from opportunities
    where workspace_id = :workspace_id and account_id = any(cast(:ids as uuid[]))
      and deleted_at is null
    group by account_id
"""
_ORGANIZATION = """
    select a.id::text as id, json_build_object(
        'id', o.id, 'external_id', o.external_id, 'name', o.name, 'domain', o.domain
        )::text as related
    from accounts a
    join organizations o on o.workspace_id = :workspace_id and o.id = a.organization_id
    where a.workspace_id = :workspace_id and a.id = any(cast(:ids as uuid[]))
"""
_ACCOUNT_OF = """
    select p.id::text as id, json_build_object(
        'id', a.id, 'external_id', a.external_id, 'name', a.name, 'domain', a.domain,
        'lifecycle_status', a.lifecycle_status)::text as related
    from opportunities p
    join accounts a on a.workspace_id = :workspace_id and a.id = p.account_id
    where p.workspace_id = :workspace_id and p.id = any(cast(:ids as uuid[]))
"""
_ACCOUNTS_BELOW = f"""
    select organization_id::text as id, json_agg(json_build_object(
        'id', id, 'external_id', external_id, 'name', name, 'domain', domain, 'arr', arr,
        'currency', currency, 'lifecycle_status', lifecycle_status
        ) order by name, id)::text as related
    from accounts
    where workspace_id = :workspace_id and organization_id = any(cast(:ids as uuid[]))
      and deleted_at is null and {not_ignored("accounts")}
    group by organization_id
"""


ComputeInclude = Callable[[UnitOfWork, RecordSchema, Sequence[str]], Awaitable[Mapping[str, str]]]
"""JSON by record, of what no statement can say."""


@dataclass(frozen=True, slots=True)
class Instances:
    """A statement of records that are shown with their traits."""

    record_type: str
    statement: str


Included = tuple[str | ComputeInclude | Instances, str]
"""What finds something for many records, and how none is written."""

INCLUDES: Final[Mapping[str, Mapping[str, Included]]] = {
    "organization": {"accounts": (_ACCOUNTS_BELOW, "[]")},
    "account": {
        "key_roles": (related_of_each("key_roles"), EMPTY["key_roles"]),
        "contacts": (_CONTACTS, "[]"),
        "opportunities": (_OPPORTUNITIES, "[]"),
        "organization": (_ORGANIZATION, "null"),
    },
    "contact": {"accounts": (related_of_each("accounts"), EMPTY["accounts"])},
    "opportunity": {"account": (_ACCOUNT_OF, "null")},
}
"""By record type and name."""


@dataclass(frozen=True, slots=True)
class StoredInclude:
    """A statement that gives `id` and `related`, which is JSON, of the records `:ids`. Names of
    tables in it are bare, so that it can be asked about the past.
    """

    statement: str
    nothing: str = "[]"
    """How none is written."""
    record_types: Collection[str] = tuple(RECORD_SCHEMAS)


@dataclass(frozen=True, slots=True)
class ExtraIncludes:
    """What features above let lists be asked to `include`, by name."""

    stored: Mapping[str, StoredInclude]
    computed: Mapping[str, ComputeInclude]
    """For records of any type, JSON objects by record; of the past there is nothing to say."""


def available(uow: UnitOfWork, schema: RecordSchema) -> Mapping[str, Included]:
    """What may be put in beside records of a type, but for the instances of object types."""
    offered = uow.wired(ExtraIncludes)
    computed: dict[str, Included] = {
        name: (compute, "{}") for name, compute in offered.computed.items()
    }
    if schema.type_id is None:
        stored: dict[str, Included] = {
            name: (one.statement, one.nothing)
            for name, one in offered.stored.items()
            if schema.record_type in one.record_types
        }
        return {**INCLUDES[schema.record_type], **stored, **computed}
    of_parents: dict[str, Included] = {
        parent.record_type: (_parent_of_instance(parent), "null") for parent in schema.parents
    }
    return {**of_parents, **computed}


def _parent_of_instance(parent: Parent) -> str:
    table = RECORD_SCHEMAS[parent.record_type].table
    return f"""
        select o.id::text as id, json_build_object(
            'id', p.id, 'external_id', p.external_id, 'name', p.name)::text as related
        from {OBJECT.table} o
        join {table} p on p.workspace_id = :workspace_id and p.id = o.{parent.column}
        where o.workspace_id = :workspace_id and o.id = any(cast(:ids as uuid[]))
    """


def instances(defined: ObjectType, link: ObjectLink) -> Included:
    """Of an object type, put in beside the records that they belong to."""
    column = f"{link.to}_id"
    statement = f"""
        select o.{column}::text as id, json_agg(json_build_object(
            'id', o.id, 'external_id', o.external_id, 'name', o.name, 'traits', o.traits)
            order by o.name, o.id)::text as related
        from {OBJECT.table} o
        where o.workspace_id = :workspace_id and o.object_type_id = '{defined.id}'
          and o.{column} = any(cast(:ids as uuid[])) and o.deleted_at is null
        group by o.{column}
    """
    return Instances(defined.key, statement), "[]"


@dataclass(frozen=True, slots=True)
class _Related:
    id: str
    related: str


async def load_include(
    uow: UnitOfWork,
    schema: RecordSchema,
    included: Included,
    ids: Sequence[str],
    point: PointInTime | None = None,
) -> tuple[dict[str, str], str]:
    """One included thing for each record, as JSON; and what stands for those without."""
    found, nothing = included
    if not isinstance(found, str | Instances):
        return ({} if point else dict(await found(uow, schema, ids))), nothing
    statement = found if isinstance(found, str) else found.statement
    if point is not None:
        statement = f"{with_clause()} {statement}"
    given = point.parameters() if point else {}
    rows = await uow.rows(_Related, text(statement), ids=list(ids), **given)
    related = {row.id: row.related for row in rows}
    if isinstance(found, Instances):
        related = await with_moved_related(uow, found.record_type, related, point)
    return related, nothing

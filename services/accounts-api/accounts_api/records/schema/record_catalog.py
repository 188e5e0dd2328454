"""What the rule language may say about this workspace's records."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from pydantic_core import from_json

from accounts_api.language.rules.standard import CHANGES, COMMON, MEMBERSHIPS, STANDARD
from accounts_api.records.schema import queries
from accounts_api.records.schema.record_schemas import (
    RECORD_SCHEMAS,
    ObjectLink,
    ObjectType,
    RecordSchema,
    schema_of,
)
from shared.rules.types.catalog import (
    Catalog,
    Children,
    Field,
    FieldType,
    Parent,
    RecordType,
    Relation,
    Side,
    event_property,
)
from shared.traits.definitions import Definition
from shared.traits.fields import FIELD_TYPES, field_of, trait_field
from shared.uow import UnitOfWork


def catalog_of_schema(schema: RecordSchema, definitions: Iterable[Definition]) -> Catalog:
    """What is known of records of one type by themselves: no relation leads on from them."""
    known = STANDARD.types.get(schema.record_type)
    parents = tuple(Field(parent.column, FieldType.ID) for parent in schema.parents)
    fields = known.fields if known else (*COMMON, *parents)
    own = map(trait_field, definitions)
    return Catalog(
        {schema.record_type: RecordType(schema.record_type, schema.table, (*fields, *own))}
    )


async def rule_catalog(uow: UnitOfWork) -> Catalog:
    """The standard fields, this workspace's traits, metrics and object types. Segments and key
    roles are not checked.
    """
    return _catalog(await queries.definitions(uow))


@lru_cache(maxsize=256)
def _catalog(defined: queries.Definitions) -> Catalog:
    own: dict[str, list[Field]] = defaultdict(list)
    for row in from_json(defined.traits):
        field = field_of(row["key"], row["type"], row["options"] or (), row["currency"])
        own[row["record_type"]].append(field)
    for row in from_json(defined.health_scores):
        own[row["record_type"]] += _health_fields(row)
    for row in from_json(defined.metrics):
        side = Side("metric_values", "value", owner=("metric_id", UUID(row["id"])))
        field = Field(f"metrics.{row['key']}", FieldType.NUMBER, side=side)
        own[row["record_type"]].append(field)
    properties: dict[str, list[Field]] = defaultdict(list)
    for row in from_json(defined.event_properties):
        for event in row["events"]:
            properties[event].append(event_property(row["key"], FIELD_TYPES[row["type"]]))
    known = with_objects(STANDARD, _read_types(defined.object_types)).with_fields(own)
    return known.with_event_properties(properties) if properties else known


def _health_fields(score: Mapping[str, Any]) -> Iterator[Field]:
    """Score and label; those of the score `overall` by a shorter name, too."""
    labels = tuple(dict.fromkeys(score["labels"]))
    groups = (f"health.{score['key']}", *(("health",) if score["key"] == "overall" else ()))
    for group in groups:
        owner = ("score_id", UUID(score["id"]))
        yield Field(
            f"{group}.score", FieldType.NUMBER, side=Side("health_scores", "score", owner=owner)
        )
        yield Field(
            f"{group}.label",
            FieldType.SELECT,
            options=labels,
            ranked=True,
            side=Side("health_scores", "label", owner=owner),
        )


def with_objects(catalog: Catalog, defined: Sequence[ObjectType]) -> Catalog:
    """The catalog with a workspace's object types, seen from the records they belong to, too."""
    types = [_record_type(one) for one in defined]
    reverse: dict[str, list[Relation]] = defaultdict(list)
    for one in defined:
        for link in one.links:
            found = Relation(link.reverse, one.key, Children(f"{link.to}_id"))
            reverse[link.to].append(found)
    return catalog.with_types(types, reverse) if types else catalog


def _record_type(defined: ObjectType) -> RecordType:
    schema = schema_of(defined)
    return RecordType(
        schema.record_type,
        schema.table,
        (*COMMON, *(Field(parent.column, FieldType.ID) for parent in schema.parents)),
        tuple(
            Relation(parent.record_type, parent.record_type, Parent(parent.column))
            for parent in schema.parents
        ),
        MEMBERSHIPS,
        changes=CHANGES,
        only=("object_type_id", defined.id),
    )


@lru_cache(maxsize=1024)
def _read_types(document: str) -> tuple[ObjectType, ...]:
    return tuple(
        ObjectType(
            UUID(row["id"]),
            row["key"],
            row["plural_key"],
            tuple(ObjectLink(link["to"], link["reverse"]) for link in row["links"]),
            archived=row["archived"],
            deleted=row["deleted"],
        )
        for row in from_json(document)
    )


async def object_types(uow: UnitOfWork) -> Sequence[ObjectType]:
    return _read_types(await queries.object_types(uow))


async def object_schemas(uow: UnitOfWork) -> list[RecordSchema]:
    """Of all object types of the workspace."""
    return [schema_of(defined) for defined in await object_types(uow)]


async def find_schema(uow: UnitOfWork, record_type: str) -> RecordSchema | None:
    """The schema of a record type: one of the four, or an object type of this workspace, though it
    may be one that is being deleted.
    """
    known = RECORD_SCHEMAS.get(record_type)
    if known is not None:
        return known
    found = await object_type(uow, record_type)
    return schema_of(found) if found else None


async def object_type(uow: UnitOfWork, key: str) -> ObjectType | None:
    """It may be one that is being deleted."""
    found = _read_types(await queries.object_type(uow, key))
    return found[0] if found else None

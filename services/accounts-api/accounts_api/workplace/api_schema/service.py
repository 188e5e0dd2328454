import hashlib
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic_core import to_json, to_jsonable_python

from accounts_api.workplace.api_schema import queries
from accounts_api.workplace.api_schema.overlay import OF_TASKS, RECORDS
from accounts_api.workplace.api_schema.rows import ObjectTypeShape, SchemaVersion, TraitShape
from accounts_api.workplace.api_schema.rules import (
    NO_SHAPE,
    SchemaChange,
    Shape,
    changes_between,
)
from shared.events.accounts import ApiSchemaChange, ApiSchemaChanged
from shared.ids import new_id
from shared.logging import get_logger
from shared.paging import CursorSigner, page_of
from shared.traits.definitions import readable_options
from shared.uow import UnitOfWork

log = get_logger(__name__)


async def current_shape(uow: UnitOfWork) -> Shape:
    types = {each.key: _object_type(each) for each in await queries.object_type_shapes(uow)}
    traits: dict[str, dict[str, Any]] = {name: {} for name in (*RECORDS, *OF_TASKS, *types)}
    for trait in await queries.trait_shapes(uow):
        # Of a type that was deleted there are traits until all of its records are.
        if trait.record_type in traits:
            traits[trait.record_type][trait.key] = _trait(trait)
    return {"traits": traits, "object_types": types}


def _trait(trait: TraitShape) -> dict[str, Any]:
    options = [option.value for option in readable_options(trait.options)]
    return {
        **{name: value for name, value in asdict(trait).items() if name not in _NOT_SHOWN},
        "value_type": trait.result_type or trait.type,
        "options": options or None,
        "minimum": _number(trait.minimum),
        "maximum": _number(trait.maximum),
        "read_only": trait.type == "formula" or trait.editable_by == "source",
    }


_NOT_SHOWN = {"record_type", "key", "editable_by", "result_type"}


def _number(bound: Decimal | None) -> float | None:
    if bound is None:
        return None
    return int(bound) if bound == bound.to_integral_value() else float(bound)


def _object_type(object_type: ObjectTypeShape) -> dict[str, Any]:
    return {**asdict(object_type), "links": sorted(object_type.links)}


def digest_of(uow: UnitOfWork, shape: Shape, build: str) -> str:
    """Names one workspace's API in one build: another workspace never gets what has this name."""
    body = to_json([str(uow.workspace_id), build, _ordered(shape)])
    return hashlib.sha256(body).hexdigest()[:32]


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return [[key, _ordered(inner)] for key, inner in sorted(value.items())]
    return value


async def follow_shape(uow: UnitOfWork) -> None:
    """Count a new version when the change of a trait or an object type changes the API."""
    await queries.wait_for_turn(uow)
    last = await queries.last_version(uow)
    shape = await current_shape(uow)
    changes = [asdict(each) for each in _changes_since(last, shape)]
    if not changes:
        return
    version = last.version + 1 if last else 1
    breaking = any(change["breaking"] for change in changes)
    await queries.add_version(
        uow,
        {
            "version": version,
            "id": new_id(),
            "shape": shape,
            "changes": changes,
            "breaking": breaking,
            "cause": to_jsonable_python(uow.cause),
        },
    )
    uow.publish(
        ApiSchemaChanged(
            version=version,
            breaking=breaking,
            changes=[ApiSchemaChange(**change) for change in changes],
        )
    )


def _changes_since(last: SchemaVersion | None, shape: Shape) -> list[SchemaChange]:
    """A version that an older release stored and this one cannot read must not keep anybody from
    changing a trait: everything is then told as new.
    """
    try:
        return list(changes_between(last.shape if last else NO_SHAPE, shape))
    except (KeyError, TypeError, AttributeError):
        log.exception("the shape of a version cannot be read", version=last and last.version)
        return list(changes_between(NO_SHAPE, shape))


async def list_changes(
    uow: UnitOfWork, cursors: CursorSigner, since: datetime | None, cursor: str | None, limit: int
) -> dict[str, Any]:
    shape = ("api-schema", since)
    after = cursors.read(cursor, uow.workspace_id, shape)[0] if cursor else 0
    rows = await queries.versions_page(uow, since, after, limit + 1)
    return page_of(rows, limit, cursors, uow.workspace_id, shape, ("version",))

"""A field of a record type is one column of its table; every other place that must know it is named
here when it was left out.
"""

from typing import Any

import pytest
from pydantic import BaseModel

from accounts_api.customers.record_routes.record_type import RecordType
from accounts_api.customers.record_types.service import RECORD_TYPES
from accounts_api.language.rules.catalog import FieldType
from accounts_api.language.rules.standard import COMMON, STANDARD
from accounts_api.records.schema.models import TABLES
from accounts_api.records.schema.record_schemas import RECORD_SCHEMAS, RecordSchema

WRITTEN_BY_US = {
    "lifecycle_status",
    "lifecycle_status_since",
    "email_status",
    "renewal_sequence_status",
    "renewal_sequence_status_at",
}
"""What no body may set."""
NOT_IN_EVENTS = {("account", "lifecycle_status_since")}
"""`accounts.lifecycle_status_changed` says since when."""
RULE_TYPES = {
    "text": {FieldType.TEXT, FieldType.SELECT},
    "bigint": {FieldType.CURRENCY},
    "boolean": {FieldType.BOOLEAN},
    "date": {FieldType.DATE},
    "timestamptz": {FieldType.DATETIME},
    "uuid": {FieldType.ID},
}

SCHEMAS = pytest.mark.parametrize("schema", RECORD_SCHEMAS.values(), ids=RECORD_SCHEMAS)
TYPES = pytest.mark.parametrize("record_type", RECORD_TYPES.values(), ids=RECORD_TYPES)


def fields(schema: RecordSchema) -> set[str]:
    related = {schema.related} if schema.related else set()
    return {*schema.visible, *related}


def differing(place: str, has: set[str], wanted: set[str]) -> list[str]:
    return [f"{place} lacks {name}" for name in sorted(wanted - has)] + [
        f"{place} has {name}, which no column is" for name in sorted(has - wanted)
    ]


@SCHEMAS
def test_rules_know_every_field(schema: RecordSchema) -> None:
    common = {field.name for field in COMMON}
    known = {field.name: field for field in STANDARD.types[schema.record_type].fields}
    wanted = {*schema.visible, *common}
    assert differing("the rules' catalog", {*known}, wanted) == []
    wrong = [
        f"{name} is {known[name].type} to rules and {schema.by_name[name].type} in the table"
        for name in schema.visible
        if known[name].type not in RULE_TYPES[schema.by_name[name].type]
    ]
    assert wrong == []


@SCHEMAS
def test_events_carry_every_field(schema: RecordSchema) -> None:
    missing = {name for record_type, name in NOT_IN_EVENTS if record_type == schema.record_type}
    wanted = {"id", "external_id", "traits", *fields(schema)} - missing
    assert differing(schema.record.__name__, {*schema.record.model_fields}, wanted) == []


@TYPES
def test_bodies_show_and_take_every_field(record_type: RecordType) -> None:
    schema = record_type.records.schema
    stamps = {"id", "external_id", "source", "traits", "version", "created_at", "updated_at"}
    shown = {*record_type.out.model_fields}
    assert differing(record_type.out.__name__, shown, {*fields(schema), *stamps}) == []
    by_external_id = {parent.by_external_id for parent in schema.parents}
    wanted = {"external_id", "source", "traits", *by_external_id, *fields(schema)} - WRITTEN_BY_US
    row = {"id", "deleted", "restore", "merged_into_external_id"}
    bodies: list[tuple[type[BaseModel], set[str]]] = [
        (record_type.create, wanted),
        (record_type.patch, wanted),
        (record_type.row, wanted | row),
    ]
    wrong = [
        fault
        for body, names in bodies
        for fault in differing(body.__name__, {*body.model_fields}, names)
    ]
    assert wrong == []


@SCHEMAS
def test_a_new_record_has_the_defaults_of_its_table(schema: RecordSchema) -> None:
    """The write engine says every column, so what the table would write is never asked for."""
    written: dict[str, Any] = {
        column.name: str(getattr(column.server_default, "arg", "")).strip("'")
        for column in TABLES[schema.record_type].columns
        if column.name in schema.by_name and column.server_default is not None
    }
    said = {
        column.name: str(column.default).lower()
        for column in schema.columns
        if column.default is not None
    }
    assert said == written

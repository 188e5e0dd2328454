"""A field of a record type is described once, in `record_schemas`. Whichever other place must know
it is named here when it was left out.
"""

import re
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import BigInteger, Boolean, Date, DateTime, String, Text, Uuid

from accounts_api.customers.record_routes.record_type import RecordType
from accounts_api.customers.record_types.service import RECORD_TYPES
from accounts_api.language.rules.standard import COMMON, STANDARD
from accounts_api.records.schema.models import TABLES
from accounts_api.records.schema.record_schemas import OBJECT, RECORD_SCHEMAS, RecordSchema
from shared.rules.types.catalog import FieldType
from sync_worker.crm_sync.translation.document import OWN_FIELDS, MappedRecordType
from tests.source_code import ROOT

WRITTEN_BY_US = {
    "lifecycle_status",
    "lifecycle_status_since",
    "email_status",
    "renewal_sequence_status",
    "renewal_sequence_status_at",
}
"""What no body may set."""
NO_TARGETS = {"manually_enter_renewal_sequence", "deactivated_at"}
"""What a person or a rule decides here, and no mapping of a CRM may."""
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
    own = (field for field in STANDARD.types[schema.record_type].fields if field.side is None)
    known = {field.name: field for field in own}
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
    stamps = {"id", "external_id", "source", "traits", "created_at", "updated_at"}
    stamps |= {"version", "computed_version"}
    shown = {*record_type.out.model_fields}
    assert differing(record_type.out.__name__, shown, {*fields(schema), *stamps}) == []
    by_external_id = {parent.by_external_id for parent in schema.parents}
    wanted = {"external_id", "source", "traits", *by_external_id, *fields(schema)} - WRITTEN_BY_US
    wanted |= {"effective_at", "allow_implausible"}
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
def test_the_page_of_rules_names_every_field(schema: RecordSchema) -> None:
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    [row] = [line for line in page.splitlines() if line.startswith(f"| `{schema.record_type}` |")]
    named = {*re.findall(r"`([a-z_]+)`", row), *(field.name for field in COMMON)}
    assert sorted({*schema.visible} - named) == []


@pytest.mark.parametrize("name", [name for name in OWN_FIELDS if name in RECORD_TYPES])
def test_a_crm_can_fill_every_field_that_a_client_may_set(name: MappedRecordType) -> None:
    record_type = RECORD_TYPES[name]
    schema = record_type.records.schema
    parents = {name for one in schema.parents for name in (one.column, one.by_external_id)}
    elsewhere = {"external_id", "source", "traits", schema.related, *parents}
    elsewhere |= {"effective_at", "allow_implausible"}
    elsewhere |= NO_TARGETS
    wanted = {*record_type.create.model_fields} - elsewhere
    assert differing("OWN_FIELDS", {*OWN_FIELDS[name]}, wanted) == []


OF_EVERY_RECORD = {"workspace_id", "id", "external_id", "source", "traits", "version"} | {
    "computed_version",
    "created_at",
    "updated_at",
    "deleted_at",
}
SQL_TYPES: dict[type[Any], str] = {
    Text: "text",
    String: "text",
    BigInteger: "bigint",
    Boolean: "boolean",
    Date: "date",
    DateTime: "timestamptz",
    Uuid: "uuid",
}


@pytest.mark.parametrize("schema", [*RECORD_SCHEMAS.values(), OBJECT])
def test_a_field_is_a_column_of_its_table(schema: RecordSchema) -> None:
    """Its type, whether it may be null, and what a new record has: the write engine says every
    column, so that the table's own default is never asked for.
    """
    table = {
        column.name: (
            SQL_TYPES[type(column.type)],
            not column.nullable,
            str(getattr(column.server_default, "arg", None)).strip("'").lower(),
        )
        for column in TABLES[schema.record_type].columns
        if column.name not in OF_EVERY_RECORD
    }
    described = {
        column.name: (column.type, column.required, str(column.default).lower())
        for column in schema.columns
    }
    assert described == table

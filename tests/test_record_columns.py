"""Every column of a service that names a record is in its list, so that a merge forgets none."""

import importlib

import pytest
from sqlalchemy import Uuid

PACKAGES = ("accounts_api", "tasks_api", "sequencer", "sync_worker")
NAMES = {
    "subject_id",
    "record_id",
    "organization_id",
    "account_id",
    "contact_id",
    "opportunity_id",
    "object_id",
}
COPIES = {"organizations", "accounts", "contacts", "opportunities", "objects"}


def columns_of(package: str) -> set[tuple[str, str]]:
    """By their names, as the database has them: `test_migrations` compares it with the models."""
    importlib.import_module(f"{package}.models")
    tables = importlib.import_module(f"{package}.db").Base.metadata.tables.values()
    return {
        (table.name, column.name)
        for table in tables
        for column in table.columns
        if isinstance(column.type, Uuid)
        and (column.name in NAMES or (table.name in COPIES and column.name == "id"))
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_every_column_that_names_a_record_is_listed(package: str) -> None:
    listed = importlib.import_module(f"{package}.record_columns").RECORD_COLUMNS
    assert {(each.table, each.column) for each in listed} == columns_of(package)
    assert all((each.type is None) != (each.type_column is None) for each in listed)


def test_the_service_of_the_records_says_what_a_deletion_does_to_each() -> None:
    listed = importlib.import_module("accounts_api.record_columns").RECORD_COLUMNS
    assert [each for each in listed if each.deleted is None] == []

"""What columns are taken to mean."""

import pytest

from accounts_api.customers.imports.rules import proposed
from tests.accounts_api.customers.imports.making import KNOWN


def test_only_what_a_file_may_write_is_a_target() -> None:
    assert set(KNOWN) == {
        *("id", "external_id", "name", "domain", "arr", "effective_at"),
        *("traits.name", "traits.health_score", "traits.spend", "key_roles.csm"),
    }


@pytest.mark.parametrize(
    ("column", "target"),
    [
        ("External ID", "external_id"),
        ("traits.name", "traits.name"),
        ("Name", "name"),
        ("Héalth-Score ", "traits.health_score"),
        ("CSM", "key_roles.csm"),
        ("customer success manager", "key_roles.csm"),
        ("Website", "domain"),
        ("", None),
        ("deleted", None),
    ],
)
def test_a_column_is_mapped_by_its_name(column: str, target: str | None) -> None:
    assert proposed([column], KNOWN) == {column: target}


def test_no_two_columns_are_mapped_to_one_field() -> None:
    columns = ["Company", "Name", "name"]
    assert proposed(columns, KNOWN) == {"Company": "name", "Name": None, "name": None}

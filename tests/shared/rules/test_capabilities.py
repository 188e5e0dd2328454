"""A catalog that keeps less than others: what it lacks is refused, with the place and why."""

import pytest

from shared.rules.syntax.faults import RuleFaulty
from shared.rules.syntax.parser import read_text
from shared.rules.types.catalog import Catalog, Field, FieldType, RecordType
from shared.rules.types.type_check import check

BARE = Catalog(
    {
        "thing": RecordType(
            "thing",
            "things",
            (Field("name", FieldType.TEXT), Field("account_id", FieldType.ID)),
            elsewhere={"account": "account_id"},
        )
    }
)
ID = "0198c0de-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("rule", "code", "suggestion"),
    [
        (f'in segment "{ID}"', "wrong_record_type", None),
        ("role csm held", "wrong_record_type", None),
        ("name changed within 3 days", "changes_not_kept", None),
        ('count(events "login" within 3 days) > 1', "events_not_available", None),
        ("account.arr > 5", "kept_elsewhere", "account_id"),
        ('any account (name = "Acme")', "kept_elsewhere", "account_id"),
        ('traits.tier = "gold"', "unknown_field", None),
        ('nam = "Acme"', "unknown_field", "name"),
    ],
)
def test_what_a_record_type_does_not_keep_is_refused(
    rule: str, code: str, suggestion: str | None
) -> None:
    with pytest.raises(RuleFaulty) as refusal:
        check(read_text(rule), BARE, "thing")
    [fault] = refusal.value.faults
    assert (fault.code, fault.suggestion) == (code, suggestion)
    assert fault.place.column is not None

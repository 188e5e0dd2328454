"""Pure decisions about Salesforce: values, mapping, refusals, queries."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from sync_worker.connectors.base import StreamType
from sync_worker.connectors.kit.waits import wait_asked_for, wait_before
from sync_worker.connectors.salesforce.connector import SPEC
from sync_worker.connectors.salesforce.errors import (
    grant_trouble_of,
    trouble_of,
    trouble_of_row,
)
from sync_worker.connectors.salesforce.soql import changed_within, quoted
from sync_worker.crm_sync.inbound.rules import (
    Item,
    body_of,
    difference,
    folded,
    folded_association,
    planned,
    with_accounts,
)
from sync_worker.crm_sync.source_records.rules import KnownRecord, Loss, retry_pause
from sync_worker.crm_sync.translation.document import (
    FieldMap,
    ObjectMap,
    ObjectMapping,
    hidden_fields,
)
from sync_worker.crm_sync.translation.faults import structural_faults, visibility_faults
from sync_worker.crm_sync.translation.transforms import (
    Locale,
    converted,
)
from tests.sync_worker.making import SHIPPED, salesforce_row

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
JSON = {"content-type": "application/json;charset=UTF-8"}
ID = "001000000000001AAA"
UTC_ZONE = ZoneInfo("UTC")
LOCALE = Locale("USD", UTC_ZONE)


def refusal(code: str, message: str = "") -> bytes:
    return to_json([{"errorCode": code, "message": message}])


@pytest.mark.parametrize(
    ("status", "code", "message", "meaning"),
    [
        (401, "INVALID_SESSION_ID", "Session expired or invalid", "refresh"),
        (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", "quota"),
        (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", "retry"),
        (403, "API_DISABLED_FOR_ORG", "", "config"),
        (400, "INVALID_FIELD", "No such column 'X__c'", "config"),
        (400, "QUERY_TIMEOUT", "", "smaller"),
        (400, "INVALID_QUERY_LOCATOR", "", "restart"),
        (400, "UNABLE_TO_LOCK_ROW", "", "retry"),
        (500, "UNABLE_TO_LOCK_ROW", "", "retry"),
        (500, "UNKNOWN_EXCEPTION", "", "retry"),
        (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "No.", "refused"),
        (404, "ENTITY_IS_DELETED", "entity is deleted", "refused"),
        (410, "UNSUPPORTED_API_VERSION", "", "config"),
        (429, "WHATEVER", "", "retry"),
    ],
)
def test_a_refusal_means_what_its_code_and_words_say(
    status: int, code: str, message: str, meaning: str
) -> None:
    trouble = trouble_of(status, JSON, refusal(code, message))
    assert trouble is not None
    assert (trouble.meaning, trouble.code) == (meaning, code)


@pytest.mark.parametrize("status", [406, 420, 429, 500, 502, 503, 504])
def test_a_page_instead_of_data_is_weather(status: int) -> None:
    trouble = trouble_of(status, {"content-type": "text/html"}, b"<html>Maintenance</html>")
    assert trouble is not None
    assert trouble.meaning == "retry"


def test_a_page_that_claims_success_is_weather_too() -> None:
    trouble = trouble_of(200, {"content-type": "text/html"}, b"<html>")
    assert trouble is not None
    assert trouble.meaning == "retry"
    assert trouble_of(200, JSON, b"{}") is None
    assert trouble_of(204, {}, b"") is None


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (400, {"error": "invalid_grant", "error_description": "expired access/refresh token"},
         "reauth"),
        (400, {"error": "invalid_client_id"}, "reauth"),
        (401, {"error": "invalid_client"}, "reauth"),
        (400, {"error": "rate_limit_exceeded"}, "retry"),
        (400, {"error": "unknown_error"}, "retry"),
        (503, {}, "retry"),
    ],
)  # fmt: skip
def test_refused_grants_need_a_person_and_busy_servers_do_not(
    status: int, body: dict[str, str], meaning: str
) -> None:
    trouble = grant_trouble_of(status, JSON, to_json(body))
    assert trouble is not None
    assert trouble.meaning == meaning


def test_a_row_of_a_collection_is_judged_by_its_own_code() -> None:
    assert trouble_of_row({"success": True}) is None
    locked = trouble_of_row({"success": False, "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW"}]})
    empty = trouble_of_row({"success": False})
    assert locked is not None
    assert empty is not None
    assert (locked.meaning, empty.meaning) == ("retry", "refused")


def test_retry_after_is_seconds_or_a_date_by_their_clock() -> None:
    assert wait_asked_for({"retry-after": "17"}) == 17
    dated = {
        "retry-after": "Mon, 02 Mar 2026 09:00:30 GMT",
        "date": "Mon, 02 Mar 2026 09:00:00 GMT",
    }
    assert wait_asked_for(dated) == 30
    assert wait_asked_for({"retry-after": "soon"}) is None
    assert wait_asked_for({}) is None


@given(st.integers(1, 10), st.floats(0, 1), st.none() | st.floats(0, 10_000))
def test_waits_are_bounded_and_tries_end(attempt: int, spread: float, asked: float | None) -> None:
    wait = wait_before(attempt, 0.5, asked, spread)
    if attempt >= 5 or (asked is not None and asked > 60):
        assert wait is None
    else:
        assert wait is not None
        assert 0 <= wait <= 60
        assert asked is None or wait == asked


def test_choices_translate_and_fall_back() -> None:
    kinds = {"Renewal": "renewal"}
    for value, made in (("Renewal", "renewal"), ("Other", "expansion"), (None, "expansion")):
        assert converted(value, "choice", LOCALE, choices=kinds, otherwise="expansion") == made


def test_literals_cannot_leave_their_quotes() -> None:
    assert quoted("O'Brien \\ \n") == "'O\\'Brien \\\\ \\n'"


def test_a_window_is_ordered_by_stamp_and_id_and_goes_on_after_the_last_row() -> None:
    query = changed_within("Account", ["Id"], AT, AT + timedelta(hours=1), (AT, ID))
    assert query.endswith("ORDER BY SystemModstamp, Id")
    assert f"(SystemModstamp = 2026-03-02T09:00:00.000Z AND Id > '{ID}')" in query


def account(**values: Any) -> dict[str, Any]:
    return {
        "Id": ID,
        "SystemModstamp": "2026-03-02T09:00:00.000+0000",
        "IsDeleted": False,
        **values,
    }


def mapping_of(name: str) -> ObjectMap:
    found = SHIPPED.of(name)
    assert found is not None
    return found


def item_of(name: str, wire: dict[str, Any]) -> Item:
    kind = SPEC.stream(name) or StreamType(name)
    return folded(mapping_of(name), kind, salesforce_row(name, wire), LOCALE)


def test_a_row_without_a_name_is_set_aside_with_the_reason() -> None:
    item = item_of("Account", account(Name=None))
    assert item.trouble == "It has no name."


def test_a_field_that_was_not_read_stays_out_of_the_row() -> None:
    item = item_of("Contact", account(Name="Jo"))
    assert item.content == {"name": "Jo"}


def test_the_first_field_with_a_value_fills_a_target() -> None:
    row = account(Name="Jo", Phone=None, MobilePhone="1")
    assert item_of("Contact", row).content["phone"] == "1"


def test_a_merged_row_names_its_winner() -> None:
    row = account(IsDeleted=True, MasterRecordId="001000000000002AAA")
    item = item_of("Account", row)
    assert (item.gone, item.merged_into) == (True, "001000000000002AAA")


def item(content: dict[str, Any] | None = None, *, at: datetime = AT, gone: bool = False) -> Item:
    return Item(ID, at, content or {}, gone=gone)


def known(
    content: dict[str, Any], state: Any = "synced", *, at: datetime = AT
) -> dict[str, KnownRecord]:
    return {ID: KnownRecord(at, item(content).hash, content, state)}


def test_what_did_not_change_asks_for_nothing() -> None:
    for before in ("synced", "stale", "pending_deletion"):
        plan = planned([item({"name": "A"})], known({"name": "A"}, before))
        assert plan.unchanged
        assert not plan.changed


def test_an_older_version_changes_nothing() -> None:
    plan = planned([item({"name": "Old"}, at=AT - timedelta(1))], known({"name": "New"}))
    assert plan.unchanged


def test_what_was_never_taken_is_sent_whole() -> None:
    assert planned([item({"name": "A"})], {}).whole
    for state in ("deleted", "merged"):
        assert planned([item({"name": "A"})], known({"name": "A"}, state)).whole


def test_a_rejected_row_waits_until_it_changes_or_its_time_comes() -> None:
    before = known({"name": "A"}, "rejected")
    assert planned([item({"name": "A"})], before).unchanged
    assert planned([item({"name": "B"})], before).whole
    assert planned([item({"name": "A"})], before, again=True).whole


def test_what_is_gone_is_marked_for_deletion_once() -> None:
    assert planned([item(gone=True)], known({"name": "A"})).pending_deletion
    assert planned([item(gone=True)], known({"name": "A"}, "deleted")).unchanged
    assert planned([item(gone=True)], {}).unchanged


def test_a_difference_is_strict_about_types_and_keeps_what_was_not_read() -> None:
    assert difference({"a": 1, "b": 2}, {"a": True}) == {"a": True}
    assert difference({"a": 1, "b": 2}, {"a": 1}) == {}


def test_a_row_for_accounts_speaks_its_language() -> None:
    from uuid import UUID

    member = UUID(int=5)
    content = {
        "name": "A",
        "traits.cs_tier": "Scaled",
        "key_roles.csm": {"member": "005x"},
        "traits.owner": {"member": "005y"},
        "account": ID,
        "accounts": [{"account": ID, "roles": ["Champion"]}],
    }
    row, unknown_users = body_of("003x", content, {"005x": member}, source="salesforce")
    assert unknown_users == ["005y"]
    assert row == {
        "external_id": "003x",
        "source": "salesforce",
        "name": "A",
        "traits": {"cs_tier": "Scaled"},
        "key_roles": {"csm": [str(member)]},
        "account_external_id": ID,
        "accounts": [{"account_external_id": ID, "plan_roles": ["Champion"]}],
    }


def test_a_contact_gathers_accounts_and_roles_from_everywhere() -> None:
    contact = with_accounts(
        item({"name": "Jo", "account": "001a"}),
        [
            {"account": "001b", "roles": ["Champion"]},
            {"account": "001a", "roles": []},
            {"account": "001b", "roles": ["Decision Maker"]},
        ],
    )
    assert contact.content["accounts"] == [
        {"account": "001a", "roles": []},
        {"account": "001b", "roles": ["Champion", "Decision Maker"]},
    ]


def test_a_relation_that_ended_says_nothing_unless_it_is_direct() -> None:
    row = account(ContactId="003x", AccountId="001a", Roles="A;B", IsActive=False, IsDirect=False)
    assert folded_association(SHIPPED, salesforce_row("AccountContactRelation", row)).gone
    direct = folded_association(
        SHIPPED, salesforce_row("AccountContactRelation", row | {"IsDirect": True})
    )
    assert direct.content == {"contact": "003x", "account": "001a", "roles": ["A", "B"]}


@pytest.mark.parametrize(
    ("pending_deletion", "of", "unusual"),
    [(5, 5, False), (6, 60, False), (7, 60, True), (500, 10_000, False), (501, 10_000, True)],
)
def test_a_loss_is_unusual_beyond_a_tenth_or_five_hundred(
    pending_deletion: int, of: int, *, unusual: bool
) -> None:
    assert Loss(pending_deletion, of).is_unusual is unusual


def test_retries_of_a_row_come_at_longer_and_longer_intervals() -> None:
    pauses = [retry_pause(attempt) for attempt in range(1, 12)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 86_400


def test_the_shipped_mapping_is_sound() -> None:
    assert structural_faults(SPEC, SHIPPED) == []
    assert hidden_fields(mapping_of("Contact"), ["Name"])


def test_faults_of_a_mapping_point_at_their_place() -> None:
    mapping = ObjectMapping(
        objects=(
            ObjectMap(
                object="Contact",
                record_type="contact",
                fields=(
                    FieldMap(source="Name", target="name"),
                    FieldMap(source="OwnerId", target="key_roles.csm", type="member"),
                    FieldMap(source="Fax", target="fax"),
                ),
            ),
            ObjectMap(object="Lead", record_type="contact", fields=()),
            ObjectMap(object="Account", record_type="account", fields=()),
        )
    )
    assert {(pointer, code) for pointer, code, _ in structural_faults(SPEC, mapping)} == {
        ("/objects/0/fields/1/target", "unknown_target"),
        ("/objects/0/fields/2/target", "unknown_target"),
        ("/objects/1/object", "unknown_object"),
        ("/objects/2/fields", "required"),
    }
    seen = visibility_faults(mapping, {"Contact": ["Name", "OwnerId"]})
    assert [pointer for pointer, _, _ in seen] == ["/objects/0/fields/2/source"]

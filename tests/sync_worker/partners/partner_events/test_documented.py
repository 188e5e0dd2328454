"""The `webhooks` of the OpenAPI document are what is really sent."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.clock import utc_now
from shared.ids import new_id
from sync_worker.partners.partner_events.rules import CATALOG, TEST_TYPE, unknown_types
from sync_worker.partners.webhook_deliveries.rules import body_of, body_of_test
from tests.event_samples import sample
from tests.operations import documents


def described(public_type: str) -> dict[str, Any]:
    operation: dict[str, Any] = documents()["sync"]["webhooks"][public_type]["post"]
    return operation


def validator(public_type: str) -> Draft202012Validator:
    schema = described(public_type)["requestBody"]["content"]["application/json"]["schema"]
    return Draft202012Validator({**schema, "components": documents()["sync"]["components"]})


def sent(public_type: str, data: dict[str, Any]) -> bytes:
    at = utc_now().isoformat()
    return body_of(new_id(), public_type, at, json.dumps(data), "https://tenure.example")


def test_every_public_type_is_described() -> None:
    assert set(documents()["sync"]["webhooks"]) == {*CATALOG, TEST_TYPE}
    names = [described(public_type)["operationId"] for public_type in CATALOG]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("public_type", [*CATALOG, TEST_TYPE])
def test_a_description_has_an_example_that_fits_it(public_type: str) -> None:
    schema = described(public_type)["requestBody"]["content"]["application/json"]["schema"]
    name = schema["$ref"].rpartition("/")[2]
    (example,) = documents()["sync"]["components"]["schemas"][name]["examples"]
    assert list(validator(public_type).iter_errors(example)) == []
    assert example["type"] == public_type
    headers = {each["name"] for each in described(public_type)["parameters"]}
    assert headers == {"webhook-id", "webhook-timestamp", "webhook-signature"}


@pytest.mark.parametrize("public_type", CATALOG)
def test_what_is_sent_fits_its_description(public_type: str) -> None:
    data = sample(CATALOG[public_type]).public_data()
    payload = json.loads(sent(public_type, data))
    assert list(validator(public_type).iter_errors(payload)) == []


@pytest.mark.parametrize("public_type", [each for each in CATALOG if each.endswith(".updated")])
def test_what_is_thin_fits_its_description(public_type: str) -> None:
    data = sample(CATALOG[public_type]).public_data()
    data["record"]["traits"] = {"notes": "x" * 30_000}
    payload = json.loads(sent(public_type, data))
    assert payload["data"]["truncated"] is True
    assert list(validator(public_type).iter_errors(payload)) == []


def test_a_test_event_fits_its_description() -> None:
    payload = json.loads(body_of_test(new_id(), utc_now()))
    assert list(validator(TEST_TYPE).iter_errors(payload)) == []


def union(name: str) -> Draft202012Validator:
    components = documents()["sync"]["components"]
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": components})


@pytest.mark.parametrize("public_type", CATALOG)
def test_a_payload_is_one_of_the_union_and_an_event_of_the_feed_too(public_type: str) -> None:
    data = sample(CATALOG[public_type]).public_data()
    payload = json.loads(sent(public_type, data))
    assert list(union("WebhookPayload").iter_errors(payload)) == []
    at = utc_now().isoformat()
    feed = {"id": str(new_id()), "recorded_at": at, "cause": [], "cursor": "AAAA"}
    event = {**feed, "quiet_batch_id": None, "type": public_type, "timestamp": at, "data": data}
    assert list(union("Event").iter_errors(event)) == []
    assert list(union("Event").iter_errors({**event, "type": TEST_TYPE})) != []
    assert list(union("Event").iter_errors({**event, "data": {}})) != []


def test_the_unions_name_every_type_once() -> None:
    schemas = documents()["sync"]["components"]["schemas"]
    mapping = schemas["Event"]["discriminator"]["mapping"]
    assert set(mapping) == set(schemas["EventType"]["enum"]) == set(CATALOG)
    assert set(schemas["WebhookPayload"]["discriminator"]["mapping"]) == {*CATALOG, TEST_TYPE}
    for kind, reference in mapping.items():
        assert schemas[reference.rpartition("/")[2]]["properties"]["type"]["const"] == kind


def test_a_filter_takes_a_type_or_a_pattern() -> None:
    filters = union("EndpointIn")
    known = [*CATALOG, *documents()["sync"]["components"]["schemas"]["EventTypePattern"]["enum"]]
    assert unknown_types(known) == []
    assert list(filters.iter_errors({"url": "https://a.example/", "types": known})) == []
    assert list(filters.iter_errors({"url": "https://a.example/", "types": ["*.opened"]})) != []
    assert unknown_types(["*.opened"]) == ["*.opened"]

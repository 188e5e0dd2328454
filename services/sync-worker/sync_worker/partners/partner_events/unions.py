"""What the OpenAPI document says of all events at once: one component a type of event, and unions
of them that `type` tells apart, for the feed and for webhooks.

They are made of the finished document. As models of each type they would be prepared by every
process that starts, and no request is read or answered by them.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from inspect import cleandoc
from typing import Any, Final

from shared.events.accounts import RecordChanged
from shared.events.base import Event
from sync_worker.partners.partner_events.rules import CATALOG, EVERYTHING, NOUNS, TEST_TYPE

EVENT: Final = "Event"
EVENT_TYPE: Final = "EventType"
PATTERN: Final = "EventTypePattern"
PAYLOAD: Final = "WebhookPayload"
_FILTERED = ("EndpointIn", "EndpointPatch", "Endpoint", "EndpointCreated")
"""Schemas whose `types` say which events are sent."""

Schema = dict[str, Any]


def sentence_of(event: type[Event], public_type: str) -> str:
    """What an event of this type says."""
    if not issubclass(event, RecordChanged):
        return cleandoc(event.__doc__ or "")
    noun, _, change = public_type.partition(".")
    article = "An" if noun[0] in "aeiou" else "A"
    return f"{article} {noun} {_CHANGES[change]}"


_CHANGES: Final[Mapping[str, str]] = {
    "created": "was created; `record` is its state.",
    "updated": "was changed: `changed` names the fields, `record` is the state after it.",
    "computed": "has another formula value or status: `changed` names the fields, `record` is the"
    " state after it. There is one event for each record and step of work, and it comes only to who"
    " names its type.",
    "deleted": "was deleted; `record` is its last state.",
    "undeleted": "was restored after it had been deleted; `record` is its state.",
    "merged": "was merged into the one that `merged_into` names, which stays.",
}


def with_unions(document: Schema) -> Schema:
    """The finished document with them in it."""
    schemas: Schema = document["components"]["schemas"]
    payloads = {name: _payload_of(item) for name, item in document["webhooks"].items()}
    schemas[EVENT_TYPE] = _names(
        EVENT_TYPE, "What happened, as events, webhooks and filters name it.", CATALOG
    )
    schemas[PATTERN] = _names(
        PATTERN,
        "Several types of event at once: `account.*` for all about accounts, `*` for all; but not"
        " what is computed, such as `account.computed`, which is to be named itself.",
        [EVERYTHING, *(f"{noun}.*" for noun in NOUNS)],
    )
    schemas[PAYLOAD] = _union(
        PAYLOAD,
        "What is sent to a webhook endpoint. `type` says what happened, and so what `data` is;"
        " `truncated` in it says that it was too large and where the whole is.",
        payloads,
    )
    template = schemas.pop(EVENT)
    events = {}
    for public_type in sorted(CATALOG):
        name = payloads[public_type].removesuffix("Webhook") + EVENT
        schemas[name] = _event(template, name, public_type, schemas[payloads[public_type]])
        events[public_type] = name
    schemas[EVENT] = {
        **_union(EVENT, f"{template['description']} `type` says what `data` is.", events),
        "examples": template["examples"],
    }
    schemas["EventPage"]["properties"]["data"]["items"] = _ref(EVENT)
    answer = document["paths"]["/v1/events/{id}"]["get"]["responses"]["200"]
    answer["content"]["application/json"]["schema"] = _ref(EVENT)
    for name in _FILTERED:
        schemas[name]["properties"]["types"]["items"] = {"anyOf": [_ref(EVENT_TYPE), _ref(PATTERN)]}
    for name in ("Delivery", "DeliveryDetails"):
        described = schemas[name]["properties"]["type"]
        schemas[name]["properties"]["type"] = {
            "anyOf": [_ref(EVENT_TYPE), {"const": TEST_TYPE, "type": "string"}],
            "description": described["description"],
        }
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document


def _event(template: Schema, name: str, public_type: str, payload: Schema) -> Schema:
    """As the feed has it: whole, whatever its webhook leaves out."""
    event = deepcopy({key: part for key, part in template.items() if key != "examples"})
    event["title"] = name
    event["description"] = sentence_of(CATALOG[public_type], public_type)
    event["properties"]["type"] = payload["properties"]["type"]
    data = payload["properties"]["data"]
    whole = data["anyOf"][0] if "anyOf" in data else {"$ref": data["$ref"]}
    event["properties"]["data"] = whole
    return event


def _payload_of(item: Schema) -> str:
    schema = item["post"]["requestBody"]["content"]["application/json"]["schema"]
    name: str = schema["$ref"].rpartition("/")[2]
    return name


def _names(title: str, description: str, values: Iterable[str]) -> Schema:
    return {
        "title": title,
        "type": "string",
        "enum": sorted(values),
        "description": description,
    }


def _union(title: str, description: str, parts: Mapping[str, str]) -> Schema:
    """One of these schemas, by what `type` is."""
    return {
        "title": title,
        "description": description,
        "oneOf": [_ref(name) for name in parts.values()],
        "discriminator": {
            "propertyName": "type",
            "mapping": {kind: _ref(name)["$ref"] for kind, name in parts.items()},
        },
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}

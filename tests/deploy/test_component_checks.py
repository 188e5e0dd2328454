"""What the check of our documents finds in components and answers."""

from copy import deepcopy
from typing import Any, Final

import pytest

from deploy.checks.components import ambiguous_components, component_faults

THING: Final[dict[str, Any]] = {
    "title": "Thing",
    "type": "object",
    "properties": {"id": {"type": "string"}},
}
ANSWER: Final[dict[str, Any]] = {
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
    "headers": {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}},
}
DOCUMENT: Final[dict[str, Any]] = {
    "paths": {
        "/v1/things": {
            "get": {
                "responses": {"200": ANSWER, "404": {"$ref": "#/components/responses/NotFound"}}
            }
        }
    },
    "components": {"schemas": {"Thing": THING}},
}


def test_a_sound_document_has_no_fault() -> None:
    assert list(component_faults(DOCUMENT)) == []
    assert list(ambiguous_components({"one": DOCUMENT, "two": DOCUMENT})) == []


@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        ("components/schemas/Thing/title", "ThingOut", "its title is not its name"),
        ("components/schemas/Page_Thing_", {"title": "Page_Thing_"}, "no word of letters"),
        ("components/schemas/Other", {"title": "Other"}, "nothing refers to it"),
        ("components/schemas/Thing/properties/size", {"default": 1}, "has a default"),
        (
            "components/schemas/Thing/properties/thing",
            {"anyOf": []},
            "which generators give one thing",
        ),
        ("paths/|v1|things/get/responses/404", {"description": "Gone."}, "not the shared one"),
        ("paths/|v1|things/get/responses/200/headers", {}, "tells of no headers"),
    ],
)
def test_a_fault_is_told(place: str, value: Any, fault: str) -> None:
    document = deepcopy(DOCUMENT)
    *way, last = (part.replace("|", "/") for part in place.split("/"))
    part = document
    for key in way:
        part = part[key]
    part[last] = value
    assert fault in "; ".join(component_faults(document))


def test_one_name_for_two_things_is_told() -> None:
    other = deepcopy(DOCUMENT)
    other["components"]["schemas"]["Thing"]["type"] = "string"
    (fault,) = ambiguous_components({"one": DOCUMENT, "two": other})
    assert fault == "two: schemas Thing is something else in one"

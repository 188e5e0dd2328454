"""What a workspace's own traits and object types change in the document of the API, as an Overlay
(OpenAPI Overlay Specification 1.0.0): whoever has the document applies it.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from accounts_api.workplace.api_schema.rules import Shape

Schema = dict[str, Any]

RECORDS: Final = ("account", "contact", "opportunity", "organization")
OF_TASKS: Final = ("note", "task")
"""Record types whose schemas stand in the document of the tasks service."""
_OBJECTS: Final = "/v1/objects/{object_type}"
_REF: Final = "#/components/schemas/"
_ANSWERS: Final = ("{0}", "Sparse{0}", "{0}Record")
_REQUESTS: Final = ("{0}In", "{0}Patch", "{0}Row", "{0}Upsert")
_OF_TASKS: Final = frozenset({"{0}", *_REQUESTS})
_LINKS: Final = ("organization", "account", "contact", "opportunity")
_OBJECT_COMPONENTS: Final = (
    "Object",
    "ObjectIn",
    "ObjectPatch",
    "ObjectRow",
    "ObjectRows",
    "SparseObject",
    "SparseObjectPage",
)
_LONGEST_STRING: Final = 1_000
_LONGEST_TEXT: Final = 131_072
_VALUES: Final[Mapping[str, Schema]] = {
    "string": {"type": "string", "maxLength": _LONGEST_STRING},
    "text": {"type": "string", "maxLength": _LONGEST_TEXT},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "currency": {"type": "integer"},
    "select": {"type": "string"},
    "multi_select": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    "url": {"type": "string", "format": "uri"},
    "email": {"type": "string", "format": "idn-email"},
    "member": {"type": "string", "format": "uuid"},
    "contact": {"type": "string", "format": "uuid"},
}
_OF_TEXT: Final = {"minimum": "minLength", "maximum": "maxLength"}


def overlay_of(shape: Shape, document: Schema, version: str) -> Schema:
    """The overlay for the document that this service publishes, or for one merged out of it."""
    return {
        "overlay": "1.0.0",
        "info": {"title": "Traits and object types of this workspace", "version": version},
        "actions": list(_actions(shape, document)),
    }


def _actions(shape: Shape, document: Schema) -> Iterator[Schema]:
    schemas: Schema = {}
    for record_type in (*RECORDS, *OF_TASKS):
        name = record_type.capitalize()
        traits = shape["traits"].get(record_type, {})
        schemas |= trait_components(name, f"an {name}" if name[0] in "AO" else f"a {name}", traits)
        yield from _point(name, document, elsewhere=record_type in OF_TASKS)
    paths: Schema = {}
    for key, object_type in sorted(shape["object_types"].items()):
        name = object_name(key)
        schemas |= trait_components(name, f"a {key}", shape["traits"].get(key, {}))
        schemas |= _object_components(name, object_type, document)
        paths |= _object_paths(key, name, object_type, document)
    yield {"target": "$.components.schemas", "update": schemas}
    if paths:
        yield {"target": "$.paths", "update": paths}


def object_name(key: str) -> str:
    """The name of a type's schema: `ProjectObject` of `project`."""
    return "".join(part.capitalize() for part in key.split("_")) + "Object"


def trait_components(name: str, whose: str, traits: Mapping[str, Any]) -> dict[str, Schema]:
    """How traits are answered, and how they are sent."""
    answered = {key: trait_schema(trait) for key, trait in sorted(traits.items())}
    sent = {key: schema for key, schema in answered.items() if not traits[key]["read_only"]}
    return {
        f"{name}Traits": {
            "title": f"{name}Traits",
            "type": "object",
            "description": f"The traits of {whose} that have a value.",
            "properties": answered,
        },
        f"{name}TraitsIn": {
            "title": f"{name}TraitsIn",
            "type": "object",
            "description": f"Traits of {whose} to set. On a change, one left out stays, null"
            " clears.",
            "properties": {key: _writable(schema) for key, schema in sent.items()},
            "additionalProperties": False,
        },
    }


def trait_schema(trait: Mapping[str, Any]) -> Schema:
    """The schema of a trait's value, null included."""
    value = dict(_VALUES[trait["value_type"]])
    if trait["options"] and "items" in value:
        value["items"] = {**value["items"], "enum": trait["options"]}
    elif trait["options"]:
        value["enum"] = trait["options"]
    for bound, of_text in _OF_TEXT.items():
        if trait[bound] is not None:
            value[of_text if value["type"] == "string" else bound] = trait[bound]
    if trait["pattern"] is not None:
        value["pattern"] = f"^(?:{trait['pattern']})$"
    described = [f"{trait['title']}."]
    if trait["currency"]:
        described.append(f"In minor units of {trait['currency']}.")
    if trait["description"]:
        described.append(trait["description"])
    return {
        "anyOf": [value, {"type": "null"}],
        "description": " ".join(described),
        **({"readOnly": True} if trait["read_only"] else {}),
        **({"deprecated": True} if trait["deprecated"] else {}),
        **({"x-depends-on": trait["depends_on"]} if trait["depends_on"] else {}),
    }


def _writable(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key != "readOnly"}


def _point(name: str, document: Schema, *, elsewhere: bool) -> Iterator[Schema]:
    """Actions that let the schemas of a record type refer to its traits."""
    known = document["components"]["schemas"]
    for forms, traits in ((_ANSWERS, f"{name}Traits"), (_REQUESTS, f"{name}TraitsIn")):
        for form in forms:
            component = form.format(name)
            # A webhook's record is in another service's document: there the action finds it.
            if component in known or form == _ANSWERS[2] or (elsewhere and form in _OF_TASKS):
                properties = f"$.components.schemas.{component}.properties"
                yield {"target": f"{properties}.traits", "remove": True}
                reference = {"$ref": f"{_REF}{traits}"}
                yield {"target": properties, "update": {"traits": reference}}


def _object_components(
    name: str, object_type: Mapping[str, Any], document: Schema
) -> dict[str, Schema]:
    known = document["components"]["schemas"]
    made = {}
    for component in _OBJECT_COMPONENTS:
        own = component.replace("Object", name)
        schema = _renamed(known[component], name)
        properties = schema.get("properties", {})
        for link in _LINKS:
            if link not in object_type["links"]:
                for field in (f"{link}_id", f"{link}_external_id"):
                    properties.pop(field, None)
                    if field in schema.get("required", ()):
                        schema["required"].remove(field)
        if "traits" in properties:
            sent = component in {"ObjectIn", "ObjectPatch", "ObjectRow"}
            properties["traits"] = {"$ref": f"{_REF}{name}Traits{'In' if sent else ''}"}
        schema.pop("examples", None)
        made[own] = {**schema, "title": own}
    return made


def _object_paths(
    key: str, name: str, object_type: Mapping[str, Any], document: Schema
) -> dict[str, Schema]:
    paths = {}
    for path, item in document["paths"].items():
        if not path.startswith(_OBJECTS):
            continue
        own = _renamed(item, name)
        for operation in own.values():
            verb, _, rest = operation["operationId"].partition("_")
            operation["operationId"] = f"{verb}_{key}_{rest}"
            operation["summary"] = f"{operation['summary']} ({object_type['title']})"
            operation["parameters"] = [
                parameter
                for parameter in operation.get("parameters", [])
                if parameter["name"] != "object_type"
            ]
        paths[path.replace("{object_type}", key)] = own
    return paths


def _renamed(part: Schema, name: str) -> Schema:
    """A copy that refers to the components of one object type."""
    own = {
        f"{_REF}{component}": f"{_REF}{component.replace('Object', name)}"
        for component in _OBJECT_COMPONENTS
    }

    def point(inner: Schema) -> Schema:
        reference = inner.get("$ref")
        return {**inner, "$ref": own[reference]} if reference in own else inner

    copied: Schema = json.loads(json.dumps(part), object_hook=point)
    return copied

"""Descriptions that follow from a name or a schema, so that nobody writes them twice.

A part that says something else, or more, has a description of its own: that one stands. The check
of the documents refuses a part without either.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

FIELDS: Final[Mapping[str, str]] = {
    "account_id": "The id of the account it belongs to.",
    "connection_id": "The id of the connection to another system.",
    "contact_id": "The id of the contact.",
    "created_at": "When it was created.",
    "data": "What this page holds, in the order of the list.",
    "deactivated_at": "When it was deactivated; null while it is active.",
    "enrollment_id": "The id of the enrollment in a sequence.",
    "external_id": "Its id in your system: unique among records of this type in the workspace.",
    "has_more": "Whether there are further pages.",
    "id": "The id that Tenure gave it: a UUID that never changes.",
    "member_id": "The id of the member of the workspace.",
    "message_id": "The id of the message.",
    "next_cursor": "Send it as `cursor` to get the next page; null on the last page.",
    "opportunity_id": "The id of the opportunity.",
    "organization_id": "The id of the organization.",
    "sequence_id": "The id of the sequence.",
    "time_zone": "A time zone by its IANA name, such as Europe/Berlin.",
    "updated_at": "When it was last changed.",
    "version": "Counts the changes; in the ETag, and what `If-Match` compares.",
}

PARAMETERS: Final[Mapping[str, str]] = {
    "id": "The id of what this path names, a UUID.",
    "record_type": "Only what is about this record type: `account`, or the key of an object type.",
}

_PAGE = "A page of a list. `next_cursor` leads to the next one, and is null on the last."
_FASTAPIS = "Successful Response"


def describe_pages(schemas: Mapping[str, Any]) -> None:
    """A page of a list is described by what makes it one."""
    for schema in schemas.values():
        if "next_cursor" in schema.get("properties", {}):
            schema.setdefault("description", _PAGE)


def describe_fields(schemas: Mapping[str, Any]) -> None:
    """Give every property without a description that of its type, which stands beside `null` where
    there may be none, or the one for its name.
    """
    for name, field in _fields(schemas):
        if "description" in field:
            continue
        [kind, *others] = [part for part in field.get("anyOf", [{}]) if part.get("type") != "null"]
        if not others and "description" in kind:
            field["description"] = kind.pop("description")
        elif name in FIELDS:
            field["description"] = FIELDS[name]


def describe_parameters(document: Mapping[str, Any]) -> None:
    """Give every parameter without a description the one for its name: `account_id` in a path is
    the id of the account.
    """
    for operations in document.get("paths", {}).values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                name: str = parameter["name"]
                if "description" in parameter:
                    continue
                if name in PARAMETERS:
                    parameter["description"] = PARAMETERS[name]
                elif parameter["in"] == "path" and name.endswith("_id"):
                    noun = name.removesuffix("_id").replace("_", " ")
                    parameter["description"] = f"The id of the {noun}, a UUID."


def describe_answers(document: Mapping[str, Any]) -> None:
    """Give every good answer that nobody described the sentence of its schema."""
    schemas = document["components"]["schemas"]
    for operations in document.get("paths", {}).values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if answer.get("description") != _FASTAPIS:
                    continue
                content: Any = next(iter(answer.get("content", {}).values()), {})
                name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
                if int(status) == HTTPStatus.NO_CONTENT:
                    answer["description"] = "Done. There is no body."
                elif described := schemas.get(name, {}).get("description"):
                    answer["description"] = described


def _fields(schemas: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for schema in schemas.values():
        yield from schema.get("properties", {}).items()

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.events.accounts import RecordType
from shared.schemas import In, Out, Patch, Slug, Title

_LINK: dict[str, Any] = {"to": "account", "reverse": "projects"}
_PROJECT: dict[str, Any] = {
    "key": "project",
    "plural_key": "projects",
    "title": "Project",
    "plural_title": "Projects",
    "links": [_LINK],
}


class ObjectLinkIn(In):
    """An instance may belong to one record of type `to`, by `<to>_id` or `<to>_external_id`."""

    to: RecordType
    reverse: Slug | None = Field(
        default=None,
        description="How rules and `include` call the instances from there. Left out: the plural"
        " key.",
    )


Links = Annotated[list[ObjectLinkIn], Field(max_length=4)]
Description = Annotated[str, Field(max_length=2_000)]


class ObjectTypeIn(In):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {**_PROJECT, "links": [{"to": "account"}]},
                {**_PROJECT, "description": "What we do for a customer until it is done."},
            ]
        }
    )

    key: Slug = Field(description="Its record type, and its path below `/v1/objects`. It stays.")
    plural_key: Slug
    title: Title
    plural_title: Title
    description: Description | None = None
    links: Links = Field(default_factory=list)


class ObjectTypePatch(Patch):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"title": "Customer project"},
                {"links": [{"to": "account"}, {"to": "contact", "reverse": "led_projects"}]},
            ]
        }
    )

    title: Title = ""
    plural_title: Title = ""
    description: Description | None = None
    links: Links = Field(default_factory=list, description="All of them; replaces the list.")
    archived: bool = Field(default=False, description="Its instances can only be read.")


class ObjectLinkOut(Out):
    to: RecordType
    reverse: str


class ObjectTypeOut(Out):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-0500-7a3b-8c4d-5e6f708192a3",
                    **_PROJECT,
                    "description": None,
                    "archived": False,
                    "version": 1,
                    "created_at": "2026-01-05T09:00:00Z",
                    "updated_at": "2026-01-05T09:00:00Z",
                }
            ]
        }
    )

    id: UUID
    key: str
    plural_key: str
    title: str
    plural_title: str
    description: str | None
    links: list[ObjectLinkOut]
    archived: bool
    version: int
    created_at: datetime
    updated_at: datetime

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.events.records import RecordType
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
    """A link to one record of another type. An instance names it by `<to>_id` or
    `<to>_external_id`.
    """

    to: RecordType = Field(description="The record type that an instance may belong to.")
    reverse: Slug | None = Field(
        default=None,
        description="How rules and `include` call the instances from there. Left out, it is the"
        " plural key.",
    )


Links = Annotated[list[ObjectLinkIn], Field(max_length=4)]
Description = Annotated[str, Field(max_length=2_000)]


class ObjectTypeIn(In):
    """A type of record to be defined."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {**_PROJECT, "links": [{"to": "account"}]},
                {**_PROJECT, "description": "What we do for a customer until it is done."},
            ]
        }
    )

    key: Slug = Field(
        description="Its record type, and its path below `/v1/objects`. It cannot be changed."
    )
    plural_key: Slug = Field(
        description="How rules and `include` call several instances, such as `projects`. It cannot"
        " be changed."
    )
    title: Title = Field(description="What people call one instance, such as `Project`.")
    plural_title: Title = Field(
        description="What people call several instances, such as `Projects`."
    )
    description: Description | None = Field(
        default=None, description="What the type is for, for people; null when nobody said."
    )
    links: Links = Field(
        default_factory=list,
        description="Which records an instance may belong to: at most one link to each record"
        " type.",
    )


class ObjectTypePatch(Patch):
    """The fields of an object type to change; one that is left out stays."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"title": "Customer project"},
                {"links": [{"to": "account"}, {"to": "contact", "reverse": "led_projects"}]},
            ]
        }
    )

    title: Title = Field(
        default="", description="What people call one instance, such as `Project`."
    )
    plural_title: Title = Field(
        default="", description="What people call several instances, such as `Projects`."
    )
    description: Description | None = Field(
        default=None, description="What the type is for, for people; null takes it away."
    )
    links: Links = Field(
        default_factory=list, description="All its links; the list replaces the one before."
    )
    archived: bool = Field(
        default=False,
        description="True lets its instances only be read; false lets them be written again.",
    )


class ObjectLinkOut(Out):
    """A link of an object type to another record type."""

    to: RecordType = Field(description="The record type that an instance may belong to.")
    reverse: str = Field(description="How rules and `include` call the instances from there.")


class ObjectTypeOut(Out):
    """An object type: a type of record that the workspace defined."""

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
    key: str = Field(description="Its record type, and its path below `/v1/objects`.")
    plural_key: str = Field(
        description="How rules and `include` call several instances, such as `projects`."
    )
    title: str = Field(description="What people call one instance, such as `Project`.")
    plural_title: str = Field(description="What people call several instances, such as `Projects`.")
    description: str | None = Field(
        description="What the type is for, for people; null when nobody said."
    )
    links: list[ObjectLinkOut] = Field(description="Which records an instance may belong to.")
    archived: bool = Field(description="True when its instances can only be read.")
    version: int
    created_at: datetime
    updated_at: datetime

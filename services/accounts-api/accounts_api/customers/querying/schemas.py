from typing import Annotated, Any

from pydantic import Field

from shared.lists.schemas import CountParam, PageSize
from shared.paging import MAX_CURSOR
from shared.schemas import In, Instant

Sort = Annotated[
    str | None,
    Field(
        max_length=500,
        description="Fields or `traits.<key>` by comma, `-` for descending. Empty values come last,"
        " long texts by their first 100 characters. Left out: oldest first.",
    ),
]
IncludeIgnored = Annotated[
    bool,
    Field(
        description="True finds accounts whose lifecycle status is `ignored`, too; of opportunities"
        " and contacts those that belong to such accounts alone."
    ),
]
KnownAsOf = Annotated[
    Instant | None, Field(description="As far as Tenure knew at this instant of the real clock.")
]


class SearchIn(In):
    """What to search for: a rule, words, or both."""

    filter: dict[str, Any] | str | None = Field(
        default=None, description="A rule, as JSON or as text."
    )
    query: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Beginnings of words in name, domain, e-mail or external id. It finds ignored"
        " accounts, and what belongs to them, too.",
    )
    sort: Sort = None
    fields: list[str] | None = Field(
        default=None,
        max_length=100,
        description="The fields to answer with, `traits.<key>` for one trait; null means all of"
        " them.",
    )
    include: list[str] = Field(
        default_factory=list,
        max_length=10,
        description="Related things to put in, such as `key_roles` of accounts.",
    )
    include_ignored: IncludeIgnored = False
    as_of: Instant | None = Field(
        default=None,
        description="The instant of the workspace's clock at which the records are looked at, as in"
        " the list; not together with `query`.",
    )
    known_as_of: KnownAsOf = None
    count: CountParam = None
    limit: PageSize = 50
    cursor: str | None = Field(
        default=None,
        max_length=MAX_CURSOR,
        description="`next_cursor` of the page before; send the rest of the body unchanged with"
        " it.",
    )

"""What a list is asked with, in a query string or a body, and the page that it answers with."""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType

from shared.paging import MAX_CURSOR, MAX_LIMIT, Page
from shared.schemas import In

Item = TypeVar("Item")

CountMode = TypeAliasType(
    "CountMode",
    Annotated[
        Literal["exact", "estimate"],
        Field(description="How the rows of a list are counted: all of them, or to 1,000."),
    ],
)
CountParam = Annotated[
    CountMode | None,
    Field(
        description="`estimate` counts to 1,000 and then says so; `exact` counts all. Null does not"
        " count."
    ),
]
SortParam = Annotated[
    str | None,
    Field(
        max_length=500,
        description="Fields by comma, `-` for descending, each after those before it. Empty values"
        " come last.",
    ),
]
PageSize = Annotated[
    int, Field(ge=1, le=MAX_LIMIT, description="How many rows a page has at most.")
]


class Count(BaseModel):
    """How many rows there are over all pages. `exact` false: there are more than `value`."""

    value: int = Field(description="How many rows were counted.")
    exact: bool = Field(
        description="Whether that is all of them; false when the estimate stopped counting."
    )


class CountedPage(Page[Item], Generic[Item]):
    count: Count | None = Field(
        default=None, description="How many rows there are over all pages; only with `count`."
    )


class ListParams(BaseModel):
    """Which rows in which order, in a query string. What is misspelt is refused."""

    model_config = ConfigDict(extra="forbid")

    filter: str | None = Field(
        default=None,
        max_length=6_000,
        description="Only what this rule finds: text of the rule language, or JSON.",
    )
    sort: SortParam = None
    count: CountParam = None
    limit: PageSize = 50
    cursor: str | None = Field(
        default=None,
        max_length=MAX_CURSOR,
        description="`next_cursor` of the page before; keep the other parameters the same.",
    )


class SearchBody(In):
    """Which rows in which order, in a body, where a rule that is too long for an address fits."""

    filter: dict[str, Any] | str | None = Field(
        default=None, description="Only what this rule finds: a rule, as JSON or as text."
    )
    sort: SortParam = None
    count: CountParam = None
    limit: PageSize = 50
    cursor: str | None = Field(
        default=None,
        max_length=MAX_CURSOR,
        description="`next_cursor` of the page before; send the rest of the body unchanged with"
        " it.",
    )

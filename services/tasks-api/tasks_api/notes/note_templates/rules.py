"""What a template asks for, which fields of records it binds, and the HTML that is kept."""

from dataclasses import dataclass
from typing import Annotated, Literal

import nh3
from pydantic import Field
from typing_extensions import TypeAliasType

from tasks_api.notes.note_templates.rows import NewTemplate

ALLOWED_TAGS = {
    "p", "br", "strong", "em", "u", "s", "ul", "ol", "li", "a", "h1", "h2", "h3", "blockquote",
    "code", "pre", "hr", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip


NoteRecord = TypeAliasType(
    "NoteRecord",
    Annotated[
        Literal["subject", "account"],
        Field(
            description="Which record a note writes to: the one that it is about, or its account."
        ),
    ],
)


@dataclass(frozen=True, slots=True)
class BoundField:
    """A question of a template, and the field of a record that its answer is written to."""

    key: str
    label: str
    field: str
    """`deal_room_url`, or `traits.<key>`."""
    record: NoteRecord = "subject"
    required: bool = False


MID_CONTRACT_REVIEW: NewTemplate = {
    "key": "scaled_mid_contract_review",
    "version": 1,
    "title": "Scaled Mid-Contract Review",
    "body": "<h2>How is it going?</h2><p></p><h2>What changed since we started?</h2><p></p>"
    "<h2>What will they need before the renewal?</h2><p></p>",
    "fields": [
        {
            "key": "sentiment",
            "label": "Customer Sentiment",
            "record": "subject",
            "field": "traits.customer_sentiment",
            "required": False,
        },
        {
            "key": "risk_notes",
            "label": "Risk Notes",
            "record": "subject",
            "field": "traits.risk_notes",
            "required": False,
        },
        {
            "key": "deal_room_url",
            "label": "Deal Room",
            "record": "subject",
            "field": "deal_room_url",
            "required": False,
        },
    ],
}
"""The template that every workspace starts with."""


def clean(html: str) -> str:
    """HTML cut down to an allow-list: no styles, forms, images, scripts or odd link schemes."""
    return nh3.clean(
        html,
        tags=ALLOWED_TAGS,
        attributes={"a": {"href", "title"}},
        url_schemes={"http", "https", "mailto"},
    )

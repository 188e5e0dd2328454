"""Notes whose fields are the record's fields: which values a template binds, and to what."""

from collections.abc import Mapping, Sequence
from typing import Any

import nh3

from shared.errors import Fault

ALLOWED_TAGS = {
    "p", "br", "strong", "em", "u", "s", "ul", "ol", "li", "a", "h1", "h2", "h3", "blockquote",
    "code", "pre", "hr", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip

MID_CONTRACT_REVIEW = {
    "key": "scaled_mid_contract_review",
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
"""The template that every workspace starts with (product.md section 4)."""


def clean(html: str) -> str:
    """HTML cut down to an allow-list: no styles, forms, images, scripts or odd link schemes."""
    return nh3.clean(
        html,
        tags=ALLOWED_TAGS,
        attributes={"a": {"href", "title"}},
        url_schemes={"http", "https", "mailto"},
    )


def value_faults(fields: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with the values given for a template's fields: every fault at once."""
    known = {field["key"] for field in fields}
    unknown = [
        Fault(
            f"/field_values/{key}",
            "unknown_field",
            f"This template has the fields {', '.join(sorted(known)) or 'none'}.",
        )
        for key in values
        if key not in known
    ]
    missing = [
        Fault(f"/field_values/{field['key']}", "required", f"{field['label']} must be filled.")
        for field in fields
        if field.get("required") and values.get(field["key"]) in (None, "")
    ]
    return [*unknown, *missing]


def record_patches(
    fields: Sequence[Mapping[str, Any]], values: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """JSON merge patches by record (`subject`, `account`) that the values stand for."""
    patches: dict[str, dict[str, Any]] = {}
    for field in fields:
        if field["key"] not in values:
            continue
        patch = patches.setdefault(field["record"], {})
        name, _, trait = field["field"].partition(".")
        if trait:
            patch.setdefault(name, {})[trait] = values[field["key"]]
        else:
            patch[name] = values[field["key"]]
    return patches

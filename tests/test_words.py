"""Words that went stay away; docs/glossary.md has those that stand."""

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest

from shared.auth import RESOURCES
from shared.events.registry import EVENTS
from shared.settings import Settings
from tests.operations import documents
from tests.source_code import ROOT, sources

RETIRED = {
    "agenda": "reevaluation queue",
    "choose contact": "replace contact",
    "circular": "cycle",
    "contact resting": "contact soft bounced",
    "desk": "local stack",
    "door": "process",
    "end reason": "exit reason",
    "enter by hand": "manual entry",
    "guess": "detected format",
    "heard": "checkpoints",
    "hearer": "subscriber",
    "last send": "send deadline",
    "next look": "next check",
    "opportunity set aside": "opportunity quarantined",
    "opportunity taken up": "opportunity released",
    "record set aside": "record quarantined",
    "refused row": "rejected row",
    "parked": "rejected",
    "watch id": "rule id",
    "stint": "status period",
    "taker": "successor",
    "untold": "pending notification",
    "waiting message": "pending message",
    "wall": "row-level security",
    "where used": "usages",
}
"""By the word that went, as it stands in a name written with spaces, the word that stands."""

PAGES = ("README.md", "CONTRIBUTING.md", "docs/*.md", "docs/contributing/*.md", "services/*/*.md")


def spelled(name: str) -> str:
    """`getTraitUsers`, `get_trait_users` and `/trait-users` are all `get trait users`."""
    return " ".join(re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+", name)).lower()


def document_names(part: Any) -> Iterator[str]:
    """The keys that clients type or read, and the values that stand for something."""
    if isinstance(part, dict):
        yield from part.get("properties", {})
        yield from (each for each in part.get("enum", []) if isinstance(each, str))
        if isinstance(part.get("const"), str):
            yield part["const"]
        if isinstance(part.get("operationId"), str):
            yield part["operationId"]
        if "in" in part and isinstance(part.get("name"), str):
            yield part["name"]
    below = part.values() if isinstance(part, dict) else part if isinstance(part, list) else []
    for each in below:
        yield from document_names(each)


def document_words() -> Iterator[tuple[str, str]]:
    for service, document in documents().items():
        for path in (*document["paths"], *document.get("webhooks", {})):
            yield f"path of {service}", path
        for schema in document["components"]["schemas"]:
            yield f"schema of {service}", schema
        for tag in document["tags"]:
            yield f"tag of {service}", tag["name"]
        for name in document_names(document):
            yield f"document of {service}", name


def source_words() -> Iterator[tuple[str, str]]:
    """Metrics, and the codes of errors: what monitors and clients decide by."""
    for module, tree in sources().items():
        for node in ast.walk(tree):
            match node:
                case ast.Constant(value=str(text)) if re.fullmatch(r"tenure_[a-z_]+", text):
                    yield f"metric in {module}", text
                case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(text))):
                    yield f"error code in {module}", text


def public_names() -> Iterator[tuple[str, str]]:
    """(where it stands, name)."""
    yield from document_words()
    yield from source_words()
    for name, event in EVENTS.items():
        yield from ((f"event {name}", word) for word in (name, *event.model_fields))
    yield from (("permission", resource) for resource in RESOURCES)
    yield from (("setting", setting) for setting in Settings.model_fields)


def retired_in(name: str) -> list[str]:
    words = f" {spelled(name)} "
    return [word for word in RETIRED if f" {word} " in words or f" {word}s " in words]


@pytest.mark.parametrize(
    "name", ["get_where_used", "/v1/traits/where-used", "WhereUsed", "doors", "feedHeard"]
)
def test_a_word_is_found_however_a_name_is_written(name: str) -> None:
    assert retired_in(name)


def test_no_public_name_has_a_word_that_went() -> None:
    wrong = {
        f"{where}: {name} ({', '.join(f'{each} is {RETIRED[each]}' for each in found)})"
        for where, name in public_names()
        if (found := retired_in(name))
    }
    assert sorted(wrong) == []


def test_no_page_has_a_word_that_went() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {', '.join(found)}"
        for pattern in PAGES
        for path in sorted(ROOT.glob(pattern))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (found := retired_in(line))
    ]
    assert wrong == []


def test_every_word_of_the_glossary_is_there_once() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    words = re.findall(r"\*\*([^*]+)\*\*", page)
    assert sorted({word for word in words if words.count(word) > 1}) == []
    assert len(words) > len(RETIRED)

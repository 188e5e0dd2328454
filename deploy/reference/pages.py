"""Renders the pages, once for each version of the document."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deploy.reference import changelog, guides, markdown
from deploy.reference.document import Answer, Json, Operation, groups, operations, slug
from deploy.reference.exports import problem_path
from deploy.reference.problems import meaning_of
from deploy.reference.samples import samples, text_of
from deploy.reference.schemas import (
    Node,
    content_example,
    example_of,
    tree,
    type_text,
    without_null,
)

HERE = Path(__file__).parent
ASSETS = HERE / "assets"


def render(template: str, document: Json, path: str, **more: Any) -> str:
    return (
        _environment()
        .get_template(template)
        .render(
            document=document,
            groups=groups(document),
            sections=guides.sections(),
            path=path,
            assets=_assets_version(),
            **more,
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(
        md=markdown.inline, line=markdown.line, slug=slug, json=text_of, problem=problem_path
    )
    return environment


@cache
def _assets_version() -> str:
    """In the addresses of styles and scripts: a page never meets those of another release."""
    content = b"".join(file.read_bytes() for file in sorted(ASSETS.iterdir()))
    return hashlib.sha256(content).hexdigest()[:10]


@dataclass(frozen=True)
class Shown:
    """One operation with all that its section shows."""

    operation: Operation
    parameters: list[tuple[str, list["Parameter"]]]
    bodies: list["Content"]
    successes: list["ShownAnswer"]
    errors: list[Answer]
    samples: list[Any]
    body_text: str
    media_type: str


@dataclass(frozen=True)
class Parameter:
    name: str
    place: str
    node: Node
    description: str
    is_required: bool
    example: str


@dataclass(frozen=True)
class Content:
    media_type: str
    node: Node
    example: Any


@dataclass(frozen=True)
class ShownAnswer:
    answer: Answer
    headers: list[Parameter]
    contents: list[Content]


_PLACES = {"path": "In the path", "query": "In the query", "header": "Headers"}


def shown(document: Json, operation: Operation) -> Shown:
    bodies = [_content(document, kind, each) for kind, each in operation.body.items()]
    by_place = [
        (title, [_parameter(document, each, place) for each in operation.parameters_in(place)])
        for place, title in _PLACES.items()
    ]
    return Shown(
        operation=operation,
        parameters=[(title, named) for title, named in by_place if named],
        bodies=bodies,
        successes=[_answer(document, each) for each in operation.successes],
        errors=operation.errors,
        samples=samples(document, operation),
        body_text=text_of(bodies[0].example) if bodies else "",
        media_type=bodies[0].media_type if bodies else "",
    )


def _parameter(document: Json, given: Mapping[str, Any], place: str) -> Parameter:
    # A parameter that is null is one that is left out.
    schema, _ = without_null(given.get("schema", {}))
    example = example_of(document, schema) if place == "path" else given.get("example", "")
    return Parameter(
        name=given.get("name", ""),
        place=place,
        node=tree(document, schema),
        description=given.get("description") or schema.get("description", ""),
        is_required=bool(given.get("required")),
        example=str(given.get("example", example)),
    )


def _answer(document: Json, answer: Answer) -> ShownAnswer:
    headers = [
        _parameter(document, {**header, "name": name}, "header")
        for name, header in answer.headers.items()
    ]
    contents = [_content(document, kind, each) for kind, each in answer.content.items()]
    return ShownAnswer(answer, headers, contents)


def _content(document: Json, media_type: str, content: Json) -> Content:
    schema = content.get("schema", {})
    return Content(media_type, tree(document, schema), content_example(document, content))


def overview(document: Json) -> str:
    count = sum(1 for _ in operations(document))
    # What is before its first heading stands above the guides, the rest below the first of them.
    first, heading, rest = document["info"].get("description", "").partition("\n## ")
    return render(
        "overview.html",
        document,
        "/docs",
        count=count,
        introduction=first,
        conventions=heading + rest,
    )


def tag_page(document: Json, word: str) -> str | None:
    tags = {slug(tag["name"]): tag for group in groups(document) for tag in group.tags}
    if word not in tags:
        return None
    tag = tags[word]
    mine = [shown(document, each) for each in operations(document) if each.tag == tag["name"]]
    return render("tag.html", document, f"/docs/reference/{word}", tag=tag, operations=mine)


def schema_page(document: Json, name: str) -> str | None:
    schemas = document.get("components", {}).get("schemas", {})
    if name not in schemas:
        return None
    node = tree(document, {"$ref": f"#/components/schemas/{name}"})
    example = example_of(document, schemas[name])
    kind = type_text(document, schemas[name])
    return render(
        "schema.html",
        document,
        f"/docs/schemas/{name}",
        name=name,
        node=node,
        example=example,
        kind=kind,
    )


def guide_page(document: Json, name: str) -> str | None:
    guide = guides.guides().get(name)
    if guide is None:
        return None
    headings = [each for each in guide.rendered.headings if each.level == 2]  # noqa: PLR2004
    return render(
        "guide.html",
        document,
        guide.path,
        title=guide.title,
        html=guide.rendered.html,
        headings=headings,
        source=f"{guide.path}.md",
    )


def events_page(document: Json) -> str:
    events = [(each, shown(document, each)) for each in operations(document, "webhooks")]
    named = {item.path: (item, view) for item, view in events}
    families: dict[str, list[str]] = {}
    for name in named:
        families.setdefault(name.partition(".")[0], []).append(name)
    return render("events.html", document, "/docs/events", events=named, families=families)


def changelog_page(document: Json) -> str:
    rendered = changelog.page()
    headings = [each for each in rendered.headings if each.level == 2]  # noqa: PLR2004
    return render(
        "guide.html",
        document,
        "/docs/changelog",
        title="Changelog",
        html=rendered.html,
        headings=headings,
        source="/docs/changelog.atom",
    )


def problem_page(document: Json, problem: Json) -> str:
    users = [each for each in operations(document) if str(problem["status"]) in each.responses]
    path = problem_path(problem["code"])
    return render(
        "problem.html",
        document,
        path,
        problem=problem,
        meaning=meaning_of(problem["status"]),
        example=_problem_example(document, problem),
        users=users if len(users) <= 40 else [],  # noqa: PLR2004  # else it is nearly all of them
    )


def _problem_example(document: Json, problem: Json) -> Json:
    origin = (document.get("servers") or [{"url": ""}])[0]["url"]
    return {
        "type": f"{origin}{problem_path(problem['code'])}",
        "title": problem["title"],
        "status": problem["status"],
        "code": problem["code"],
        "request_id": "req_01a22b2ebc407242a6ff3a0f9f472c31",
        "retryable": problem["retryable"],
    }


def problems_page(document: Json) -> str:
    by_status: dict[int, list[Json]] = {}
    for problem in document.get("x-problems", []):
        by_status.setdefault(problem["status"], []).append(problem)
    return render("problems.html", document, "/problems", by_status=sorted(by_status.items()))

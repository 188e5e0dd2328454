"""The pages a developer reads: whole, linked, and from this origin alone."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urldefrag
from xml.etree import ElementTree as ET

import httpx2
import pytest
from typing_extensions import override

from deploy.gateway.app import Gateway
from deploy.gateway.description import Description
from deploy.gateway.groups import GROUPS
from deploy.machine.processes import free_port
from deploy.reference import changelog, guides
from deploy.reference.document import groups, operations, slug
from deploy.reference.markdown import render
from deploy.reference.samples import samples
from deploy.reference.schemas import example_of, tree
from shared.settings import SERVICES, ServiceName
from tests.deploy.staging import merged_document, served

ORIGIN = "https://tenure.test"
_EMPTY = {"br", "hr", "img", "input", "link", "meta"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return merged_document(ORIGIN)


@pytest.fixture(scope="module")
async def pages(document: dict[str, Any]) -> AsyncIterator[httpx2.AsyncClient]:
    """A gateway that knows the whole document, and reaches no service."""
    urls: dict[ServiceName, str] = dict.fromkeys(SERVICES, f"http://127.0.0.1:{free_port()}")
    gateway = Gateway(urls, ORIGIN)
    gateway._describer._description = Description.of(document)
    async with (
        served(gateway, free_port()) as url,
        httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as client,
    ):
        yield client


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.labelled: list[dict[str, str | None]] = []
        self.scripts_within = 0
        self.styles_within = 0
        self.open: list[str] = []
        self.feed(text)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.ids.append(given["id"] or "")
        if tag == "a":
            self.links.append(given.get("href") or "")
        if tag in {"script", "img"} or (tag == "link" and given.get("rel") != "alternate"):
            self.loaded.append(given.get("src") or given.get("href") or "")
        self.scripts_within += tag == "script" and "src" not in given
        self.styles_within += tag == "style" or "style" in given
        assert not [name for name in given if name.startswith("on")]
        if tag not in _EMPTY:
            self.open.append(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _sampled(links: list[str]) -> Iterator[str]:
    """Every kind of page, but few of those that are one template over hundreds of names."""
    seen: dict[str, int] = {}
    for link in links:
        kind = "/".join(link.split("/")[:3]) if link.startswith(("/docs/schemas", "/prob")) else ""
        seen[kind] = seen.get(kind, 0) + 1
        if not kind or seen[kind] <= 3 or link == "/problems":
            yield link


async def test_every_page_is_whole_and_every_link_of_it_leads_somewhere(
    pages: httpx2.AsyncClient, document: dict[str, Any]
) -> None:
    waiting, parsed, others = ["/docs"], {}, set()
    named = set(document["components"]["schemas"])
    codes = {each["code"].replace("_", "-") for each in document["x-problems"]}
    while waiting:
        path = waiting.pop()
        answer = await pages.get(path)
        assert answer.status_code == 200, path
        if not answer.headers["content-type"].startswith("text/html"):
            others.add(path)
            continue
        page = parsed[path] = Page(answer.text)
        assert page.open == [], path
        assert len(page.ids) == len(set(page.ids)), path
        assert (page.scripts_within, page.styles_within) == (0, 0), path
        assert all(address.startswith("/docs/assets/") for address in page.loaded), path
        inside = [urldefrag(link).url for link in page.links if link.startswith("/")]
        for link in inside:
            head, _, name = link.rpartition("/")
            assert head != "/docs/schemas" or name in named, f"{path}: {link}"
            assert head != "/problems" or name in codes, f"{path}: {link}"
        known = {*parsed, *waiting, *others}
        waiting += sorted(set(_sampled(sorted(set(inside) - known))))
    astray = [
        (path, link)
        for path, page in parsed.items()
        for link in page.links
        if "#" in link and not link.startswith("http")
        for target, anchor in [urldefrag(link)]
        if (target or path) in parsed and anchor not in parsed[target or path].ids
    ]
    assert astray == []
    assert {"/docs/events", "/docs/changelog", "/problems"} <= parsed.keys()
    assert {guide.path for guide in guides.guides().values()} <= parsed.keys()
    assert {"/openapi.json", "/llms.txt", "/docs/changelog.atom"} - {"/openapi.json"} <= others


async def test_every_operation_stands_on_the_page_of_its_tag(
    pages: httpx2.AsyncClient, document: dict[str, Any]
) -> None:
    for tag in {operation.tag for operation in operations(document)}:
        page = Page((await pages.get(f"/docs/reference/{slug(tag)}")).text)
        mine = {operation.id for operation in operations(document) if operation.tag == tag}
        assert mine <= set(page.ids), tag


async def test_an_operation_shows_what_a_caller_needs(
    pages: httpx2.AsyncClient, document: dict[str, Any]
) -> None:
    text = (await pages.get("/docs/reference/accounts")).text
    section = text[text.index('<article id="update_account"') :].partition("</article>")[0]
    (path,) = [each.path for each in operations(document) if each.id == "update_account"]
    for shown in (
        "PATCH",
        path,
        "records:write",
        "If-Match",
        "412",
        "curl",
        "fetch(",
    ):
        assert shown.lower() in section.lower(), shown
    assert "urllib.request" in section


async def test_a_page_says_its_policy_and_is_kept_by_its_etag(pages: httpx2.AsyncClient) -> None:
    page = await pages.get("/docs")
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert page.headers["content-encoding"] == "gzip"
    again = await pages.get("/docs", headers={"if-none-match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await pages.get("/")).headers["location"] == "/docs"


async def test_an_error_is_a_page_or_json_as_one_asks(pages: httpx2.AsyncClient) -> None:
    page = await pages.get("/problems/not-found")
    told = await pages.get("/problems/not-found", headers={"accept": "application/json"})
    listed = await pages.get("/problems", headers={"accept": "application/json"})
    assert "<h1><code>not_found</code></h1>" in page.text
    assert (told.json()["code"], told.json()["status"]) == ("not_found", 404)
    assert told.json() in listed.json()["data"]
    for answer in (page, told, listed):
        assert answer.headers["vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize(
    "path",
    ["/docs/", "/docs/reference/nothing", "/docs/guides/nothing", "/docs/schemas/x", "/problems/x"],
)
async def test_a_page_that_is_not_there_is_a_problem(pages: httpx2.AsyncClient, path: str) -> None:
    missing = await pages.get(path)
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


def test_every_tag_is_in_one_group(document: dict[str, Any]) -> None:
    grouped = [tag for tags in GROUPS.values() for tag in tags]
    assert sorted(grouped) == sorted(tag["name"] for tag in document["tags"])
    assert [group.name for group in groups(document)] == list(GROUPS)


async def test_the_search_finds_every_operation_guide_event_and_error(
    pages: httpx2.AsyncClient, document: dict[str, Any]
) -> None:
    entries = (await pages.get("/docs/search.json")).json()
    titles = {title for title, *_ in entries}
    assert {operation.summary for operation in operations(document)} <= titles
    assert set(document["webhooks"]) <= titles
    assert {each["code"] for each in document["x-problems"]} <= titles
    assert {guide.title for guide in guides.guides().values()} <= titles


async def test_every_event_has_its_payload_and_an_example(
    pages: httpx2.AsyncClient, document: dict[str, Any]
) -> None:
    text = (await pages.get("/docs/events")).text
    assert set(document["webhooks"]) <= set(Page(text).ids)
    for name in document["webhooks"]:
        section = text[text.index(f'<article id="{name}"') :].partition("</article>")[0]
        assert f"&#34;type&#34;: &#34;{name}&#34;" in section, name


async def test_the_collection_holds_every_operation_and_no_key(
    pages: httpx2.AsyncClient, document: dict[str, Any]
) -> None:
    collection = (await pages.get("/docs/tenure.postman_collection.json")).json()
    assert collection["info"]["schema"].endswith("/v2.1.0/collection.json")
    requests = [item["request"] for folder in collection["item"] for item in folder["item"]]
    assert len(requests) == sum(1 for _ in operations(document))
    served = ("{{base_url}}/v1/", "{{base_url}}/s/")
    assert all(each["url"]["raw"].startswith(served) for each in requests)
    assert not [each for each in requests if "{" in each["url"]["raw"].removeprefix("{{base_url}}")]
    assert {each["key"]: each["value"] for each in collection["variable"]} == {
        "base_url": ORIGIN,
        "api_key": "",
    }
    for request in requests:
        if request.get("body", {}).get("options", {}).get("raw", {}).get("language") == "json":
            json.loads(request["body"]["raw"])


async def test_language_models_find_the_guides_as_markdown(pages: httpx2.AsyncClient) -> None:
    text = (await pages.get("/llms.txt")).text
    assert re.match(r"# Tenure\n\n> \S", text)
    for guide in guides.guides().values():
        assert f"({ORIGIN}{guide.path}.md)" in text
        plain = await pages.get(f"{guide.path}.md")
        assert plain.headers["content-type"] == "text/markdown; charset=utf-8"
        assert plain.text == guide.text


async def test_the_feed_of_changes_is_atom_with_dated_entries(pages: httpx2.AsyncClient) -> None:
    atom = "{http://www.w3.org/2005/Atom}"
    feed = ET.fromstring((await pages.get("/docs/changelog.atom")).text)
    entries = feed.findall(f"{atom}entry")
    releases = changelog.releases(guides.CHANGELOG.read_text(encoding="utf-8"))
    assert len(entries) == len(releases) >= 1
    for entry, release in zip(entries, releases, strict=True):
        assert release.date
        assert entry.findtext(f"{atom}updated") == f"{release.date}T00:00:00Z"
        assert entry.findtext(f"{atom}id") == f"{ORIGIN}/docs/changelog#{release.anchor}"
        assert "<li>" in (entry.findtext(f"{atom}content") or "")


def test_html_in_a_document_is_shown_and_not_run() -> None:
    html = str(render('# <script>alert(1)</script>\n\n[x](javascript:alert(1)) <img src="x">').html)
    assert "<script>" not in html
    assert "<img" not in html
    assert "href" not in html.replace('href="#', "")


def test_a_schema_within_itself_ends() -> None:
    inner = {"$ref": "#/components/schemas/Tree"}
    within = {
        "type": "object",
        "properties": {"below": {"type": "array", "items": inner}, "up": inner},
    }
    recursive = {"components": {"schemas": {"Tree": {**within, "required": ["up"]}}}}
    node = tree(recursive, inner)
    assert [each.name for each in node.properties] == ["below", "up"]
    assert example_of(recursive, inner)["up"]["up"]


def test_samples_in_python_compile(document: dict[str, Any]) -> None:
    for operation in operations(document):
        (code,) = [each.code for each in samples(document, operation) if each.language == "python"]
        compile(code, operation.id, "exec")

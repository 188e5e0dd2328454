"""Markdown as HTML: no HTML passes through, headings have anchors, links lead where pages are."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

Link = Callable[[str], str | None]
"""The address of what a page links to, None for what is not among the pages."""
_PARSER = MarkdownIt("commonmark", {"html": False}).enable("table")
_ABSOLUTE = re.compile(r"^(https?:|mailto:|#|/)")


@dataclass(frozen=True)
class Heading:
    level: int
    anchor: str
    text: str


@dataclass(frozen=True)
class Rendered:
    html: Markup
    headings: Sequence[Heading]


def _nowhere(_: str) -> None:
    """A description has no page beside it."""


def render(text: str, link: Link = _nowhere) -> Rendered:
    tokens = _PARSER.parse(text)
    headings = _with_anchors(tokens)
    for token in tokens:
        if token.type == "fence":
            token.info = token.info.partition(" ")[0]
        _point(token.children or [], link)
    html = _PARSER.renderer.render(tokens, _PARSER.options, {})
    # A wide table moves by itself, and not the page.
    html = html.replace("<table>", '<div class="wide" tabindex="0"><table>')
    html = html.replace("</table>", "</table></div>")
    return Rendered(Markup(html), headings)  # noqa: S704  # the parser escapes all that it is given


@lru_cache(maxsize=8192)
def inline(text: str) -> Markup:
    """A sentence or paragraphs, as descriptions are."""
    return render(text).html if text else Markup()


@lru_cache(maxsize=8192)
def line(text: str) -> Markup:
    """Without the paragraph around it."""
    return Markup(_PARSER.renderInline(text))  # noqa: S704  # the parser escapes all that it is given


def anchor_of(text: str) -> str:
    """As the hosts of repositories make it, so that one link works in both places."""
    return re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-")


def _with_anchors(tokens: list[Token]) -> list[Heading]:
    headings: list[Heading] = []
    taken: dict[str, int] = {}
    for at, token in enumerate(tokens):
        if token.type != "heading_open":
            continue
        inner = tokens[at + 1]
        text = "".join(child.content for child in inner.children or [])
        anchor = anchor_of(text)
        count = taken.get(anchor, 0)
        taken[anchor] = count + 1
        anchor += f"-{count}" if count else ""
        token.attrSet("id", anchor)
        headings.append(Heading(int(token.tag[1]), anchor, text))
        if token.tag != "h1":
            mark = Token("html_inline", "", 0)
            name = escape(f"Link to “{text}”")
            mark.content = f' <a class="anchor" href="#{anchor}" aria-label="{name}">#</a>'
            inner.children = [*(inner.children or []), mark]
    return headings


def _point(children: list[Token], link: Link) -> None:
    """A link to what is no page here stays as its text."""
    dropped = 0
    for token in children:
        if token.type == "link_open":
            address = str(token.attrGet("href") or "")
            target = address if _ABSOLUTE.match(address) else link(address)
            if target is None:
                dropped += 1
                token.type, token.tag, token.attrs = "text", "", {}
            else:
                token.attrSet("href", target)
        elif token.type == "link_close" and dropped:
            dropped -= 1
            token.type, token.tag = "text", ""

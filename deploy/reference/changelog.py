"""The changelog as a page, and as an Atom feed (RFC 4287) of its releases."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from xml.sax.saxutils import escape

from deploy.reference.guides import CHANGELOG, link_to
from deploy.reference.markdown import Rendered, anchor_of, render

_RELEASE = re.compile(r"^## (.+)$", re.MULTILINE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Release:
    title: str
    """Such as `0.2.0, 2026-12-01`."""
    text: str

    @property
    def anchor(self) -> str:
        return anchor_of(self.title)

    @property
    def date(self) -> str:
        found = _DATE.search(self.title)
        return found[0] if found else ""


@cache
def page() -> Rendered:
    return render(CHANGELOG.read_text(encoding="utf-8"), link_to)


def releases(text: str) -> list[Release]:
    """Newest first, as the file has them; what has no date is not released yet."""
    parts = _RELEASE.split(text)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return [Release(title.strip(), body.strip()) for title, body in pairs]


def feed(found: Sequence[Release], origin: str) -> str:
    dated = [release for release in found if release.date]
    updated = dated[0].date if dated else "1970-01-01"
    page_url = f"{origin}/docs/changelog"
    entries = "".join(_entry(release, page_url) for release in dated)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<feed xmlns="http://www.w3.org/2005/Atom">\n'
        "  <title>Tenure: changes</title>\n"
        f"  <id>{escape(page_url)}</id>\n"
        f"  <updated>{updated}T00:00:00Z</updated>\n"
        "  <author><name>Tenure</name></author>\n"
        f'  <link rel="self" href="{escape(page_url)}.atom"/>\n'
        f'  <link rel="alternate" href="{escape(page_url)}"/>\n'
        f"{entries}</feed>\n"
    )


def _entry(release: Release, page_url: str) -> str:
    address = escape(f"{page_url}#{release.anchor}")
    return (
        "  <entry>\n"
        f"    <title>{escape(release.title)}</title>\n"
        f"    <id>{address}</id>\n"
        f'    <link href="{address}"/>\n'
        f"    <updated>{release.date}T00:00:00Z</updated>\n"
        f'    <content type="html">{escape(str(render(release.text, link_to).html))}</content>\n'
        "  </entry>\n"
    )

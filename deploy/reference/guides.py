"""The guides of the repository as pages, and as the markdown that they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from deploy.reference.markdown import Rendered, render

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
CHANGELOG = ROOT / "CHANGELOG.md"
ORDER = {
    "Start": ("frontend", "partners", "generate-a-client", "limits", "versions"),
    "Concepts": (
        "glossary",
        "modelling",
        "rules",
        "product-events",
        "how-are-they-doing",
        "from-a-login-to-a-call",
    ),
    "Operating": ("operations", "scaling"),
}
"""By section. What is not named here is for those who have the repository."""

_NO_PROSE = ("#", "|", "```", "- ")


@dataclass(frozen=True)
class Guide:
    name: str
    section: str
    text: str

    @property
    def path(self) -> str:
        return f"/docs/guides/{self.name}"

    @property
    def title(self) -> str:
        return self.text.partition("\n")[0].removeprefix("# ").strip()

    @cached_property
    def summary(self) -> str:
        """The first sentence below the title."""
        rest = self.text.split("\n\n")[1:]
        paragraphs = (each for each in rest if not each.startswith(_NO_PROSE))
        paragraph = next(paragraphs, "").replace("\n", " ")
        first, dot, _ = paragraph.partition(". ")
        return (first + dot).strip()

    @cached_property
    def rendered(self) -> Rendered:
        return render(self.text, link_to)


@cache
def guides() -> dict[str, Guide]:
    """Those that are there, in the order of the table."""
    return {
        name: Guide(name, section, (DOCS / f"{name}.md").read_text(encoding="utf-8"))
        for section, names in ORDER.items()
        for name in names
        if (DOCS / f"{name}.md").exists()
    }


def sections() -> list[tuple[str, Sequence[Guide]]]:
    by_section = [
        (section, [guide for guide in guides().values() if guide.section == section])
        for section in ORDER
    ]
    return [(section, named) for section, named in by_section if named]


def link_to(address: str) -> str | None:
    """A link between files of the repository, as one between pages."""
    file, hash_, anchor = address.partition("#")
    name = file.removeprefix("../").removeprefix("docs/").removesuffix(".md")
    if name == "CHANGELOG":
        return "/docs/changelog" + hash_ + anchor
    return guides()[name].path + hash_ + anchor if name in guides() else None

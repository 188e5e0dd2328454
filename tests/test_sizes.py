"""A feature or a file that grows beyond these sizes is two (CONTRIBUTING.md).

What was larger when this was written may only shrink: lower its figure with it, and take its name
out once it fits.
"""

from collections import Counter
from collections.abc import Mapping

from tests import source_code
from tests.source_code import ROOT

FILES_OF_A_FEATURE = 10
LINES_OF_A_FEATURE = 1_500
LINES_OF_A_FILE = 400

FEATURES_OF_MORE_FILES = {
    "deploy/bench": 11,
    "deploy/demo": 17,
}
FEATURES_OF_MORE_LINES = {
    "deploy/bench": 1_799,
    "deploy/demo": 2_121,
}
LARGER_FILES = {
    "tests/accounts_api/customers/formulas/test_formulas.py": 414,
    "tests/poisoned/test_sync_worker.py": 409,
    "tests/sequencer/renewals.py": 409,
}


def lines_by_file() -> dict[str, int]:
    return {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for folder in ("shared", "deploy", "services", "clients", "tests", "migrations")
        for path in (ROOT / folder).rglob("*.py")
        if path.parent.name != "generated"
    }


def feature(path: str) -> str | None:
    """The feature, for all that is in it at any depth; in deploy, and in shared where that is no
    area, the folder below.
    """
    top, *folders = path.split("/")[:-1] or [""]
    within = ("services", folders[0]) if top == "services" else ()
    module = path.removeprefix("/".join((*within, ""))).removesuffix(".py").replace("/", ".")
    name = source_code.feature(module.removesuffix(".__init__")) if top != "deploy" else None
    if name:
        return "/".join((*within, *name.split(".")))
    return f"{top}/{folders[0]}" if top in {"shared", "deploy"} and folders else None


def beyond(sizes: Mapping[str, int], limit: int) -> dict[str, int]:
    return {name: size for name, size in sorted(sizes.items()) if size > limit}


def assert_fits(sizes: Mapping[str, int], limit: int, ceilings: Mapping[str, int]) -> None:
    larger = beyond(sizes, limit)
    grown = {name: size for name, size in larger.items() if size > ceilings.get(name, limit)}
    assert grown == {}, "part it in two"
    assert ceilings.keys() - larger.keys() == set(), "these fit now: take their names out"


def test_a_feature_has_few_files() -> None:
    sizes = Counter(
        feature(path) or "" for path in lines_by_file() if not path.endswith("/__init__.py")
    )
    del sizes[""]
    assert_fits(sizes, FILES_OF_A_FEATURE, FEATURES_OF_MORE_FILES)


def test_a_feature_has_few_lines() -> None:
    sizes: Counter[str] = Counter()
    for path, lines in lines_by_file().items():
        sizes[feature(path) or ""] += lines
    del sizes[""]
    assert_fits(sizes, LINES_OF_A_FEATURE, FEATURES_OF_MORE_LINES)


def test_a_file_has_few_lines() -> None:
    assert_fits(lines_by_file(), LINES_OF_A_FILE, LARGER_FILES)

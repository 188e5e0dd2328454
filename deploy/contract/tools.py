"""Each tool: run it over the document, compile what it made, and say what is missing or wrong."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.contract.environment import HERE, Tools

_TSC = (
    *("--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "esnext"),
    *("--moduleResolution", "bundler", "--lib", "es2022,dom,dom.iterable"),
)
_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Document:
    path: Path
    operations: frozenset[str]
    schemas: frozenset[str]


@dataclass(slots=True)
class Finding:
    """What one tool made of the document. A fault has a rule, by which it is known, and a text."""

    endpoints: int | None = None
    models: int | None = None
    faults: list[tuple[str, str]] = field(default_factory=list)

    def lost(self, rule: str, names: Iterable[str]) -> None:
        self.faults += [(rule, name) for name in sorted(names)]


Tool = Callable[[Tools, Document, Path], Finding]


def bare(name: str) -> str:
    """A name as generators agree on it, whatever their case: `Page_TaskOut_` is `pagetaskout`."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def missing(wanted: Iterable[str], made: Iterable[str]) -> list[str]:
    known = {bare(name) for name in made}
    return [name for name in wanted if bare(name) not in known]


def run(tools: Tools, command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=tools.env(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )


def _failed(done: subprocess.CompletedProcess[str]) -> list[tuple[str, str]]:
    if done.returncode == 0:
        return []
    words = (done.stdout + done.stderr).strip().splitlines()
    return [("failed", " ".join(words[-5:])[:500] or f"exit {done.returncode}")]


def compile_typescript(tools: Tools, folder: Path, files: Iterable[Path]) -> list[tuple[str, str]]:
    done = run(tools, [*tools.node_script("tsc"), *_TSC, *map(str, files)], folder)
    lines = [line for line in done.stdout.splitlines() if "error TS" in line]
    return [("tsc --strict", line) for line in lines] or _failed(done)


def check_python(tools: Tools, folder: Path, *targets: str) -> list[tuple[str, str]]:
    """Mypy is ours; the packages that the code imports are the lane's."""
    options = ["--python-executable", str(tools.python), "--config-file", "", "--no-error-summary"]
    cache = ["--cache-dir", str(folder / ".mypy_cache"), "--no-incremental"]
    done = run(tools, [sys.executable, "-m", "mypy", *options, *cache, *targets], folder)
    lines = [line for line in done.stdout.splitlines() if ": error:" in line]
    return [("mypy", line) for line in lines] or _failed(done)


def openapi_typescript(tools: Tools, document: Document, folder: Path) -> Finding:
    made = folder / "schema.ts"
    flags = ["--default-non-nullable", "false", "--output", str(made)]
    command = [*tools.node_script("openapi-typescript"), str(document.path), *flags]
    done = run(tools, command, folder)
    finding = Finding(faults=_failed(done))
    if finding.faults:
        return finding
    text = made.read_text(encoding="utf-8")
    operations = re.findall(
        r"^    (\w+): \{$", text.partition("export interface operations")[2], re.MULTILINE
    )
    schemas = re.findall(
        r"^        \"?([\w.-]+)\"?: ", text.partition("    schemas: {")[2], re.MULTILINE
    )
    # Those of webhooks are among them.
    finding.endpoints = len(document.operations & set(operations))
    finding.models = len(document.schemas & set(schemas))
    finding.lost("lost endpoint", document.operations - set(operations))
    finding.lost("lost model", document.schemas - set(schemas))
    finding.faults += compile_typescript(tools, folder, [made])
    return finding


def hey_api(tools: Tools, document: Document, folder: Path) -> Finding:
    made = folder / "client"
    command = [*tools.node_script("openapi-ts"), "-i", str(document.path), "-o", str(made)]
    done = run(tools, [*command, "--no-log-file"], folder)
    finding = Finding(faults=_failed(done))
    if finding.faults:
        return finding
    methods = (made / "sdk.gen.ts").read_text(encoding="utf-8")
    types = (made / "types.gen.ts").read_text(encoding="utf-8")
    operations = re.findall(r"^export const (\w+) = <", methods, re.MULTILINE)
    finding.endpoints = len(operations)
    finding.lost("lost endpoint", missing(document.operations, operations))
    _count_models(finding, document, re.findall(r"^export type (\w+) = ", types, re.MULTILINE))
    finding.faults += compile_typescript(tools, folder, [made / "index.ts"])
    return finding


def orval(tools: Tools, document: Document, folder: Path) -> Finding:
    (folder / "orval.config.mjs").write_text(
        (HERE / "orval.config.mjs").read_text(encoding="utf-8"), encoding="utf-8"
    )
    done = run(tools, [*tools.node_script("orval"), "--config", "orval.config.mjs"], folder)
    finding = Finding(faults=_failed(done))
    if finding.faults:
        return finding
    files = sorted((folder / "client").rglob("*.ts"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    operations = re.findall(r"^export const (\w+) = async ", text, re.MULTILINE)
    finding.endpoints = len(operations)
    finding.lost("lost endpoint", missing(document.operations, operations))
    _count_models(
        finding, document, re.findall(r"^export (?:type|interface) (\w+)", text, re.MULTILINE)
    )
    finding.faults += compile_typescript(tools, folder, files)
    return finding


def openapi_python_client(tools: Tools, document: Document, folder: Path) -> Finding:
    made = folder / "made_client"
    command = [*tools.script("openapi-python-client"), "generate", "--path", str(document.path)]
    options = ["--output-path", str(made), "--meta", "none", "--overwrite"]
    config = ["--config", str(HERE / "openapi-python-client.yaml")]
    done = run(tools, [*command, *options, *config], folder)
    finding = Finding(faults=_failed(done))
    if finding.faults:
        return finding
    files = [path for path in (made / "api").rglob("*.py") if path.name != "__init__.py"]
    finding.endpoints = len(files)
    finding.lost("lost endpoint", missing(document.operations, (path.stem for path in files)))
    models = re.findall(r"\"(\w+)\"", (made / "models" / "__init__.py").read_text(encoding="utf-8"))
    finding.models = len(models)
    finding.faults += complaints(done.stdout + done.stderr)
    finding.faults += check_python(tools, folder, made.name)
    finding.faults += _imports(tools, folder, made)
    return finding


def complaints(text: str) -> list[tuple[str, str]]:
    """What openapi-python-client says it left out: endpoints, answers and models."""
    paragraphs = [line.strip() for line in text.splitlines() if line.strip()]
    found = []
    for line, following in zip(paragraphs, [*paragraphs[1:], ""], strict=True):
        if line.startswith("WARNING parsing"):
            found.append(("warning", f"{line} {following}"))
        elif line.startswith("Unable to parse schema"):
            found.append(("lost model", f"{line}: {following}"))
    return found


def datamodel_code_generator(tools: Tools, document: Document, folder: Path) -> Finding:
    made = folder / "made_models.py"
    command = [*tools.script("datamodel-codegen"), "--input", str(document.path)]
    kind = ["--input-file-type", "openapi", "--output-model-type", "pydantic_v2.BaseModel"]
    style = ["--target-python-version", "3.11", "--formatters", "builtin", "--disable-timestamp"]
    done = run(tools, [*command, *kind, *style, "--output", str(made)], folder)
    finding = Finding(faults=_failed(done))
    if finding.faults:
        return finding
    names = re.findall(
        r"^(?:class )?(\w+)(?:\(| = |: TypeAlias)", made.read_text("utf-8"), re.MULTILINE
    )
    _count_models(finding, document, names)
    # Pydantic builds every model as it is imported, which says more than a type checker would.
    finding.faults += _imports(tools, folder, made)
    return finding


def _imports(tools: Tools, folder: Path, made: Path) -> list[tuple[str, str]]:
    """Every module of what was made can be imported."""
    modules = [made] if made.is_file() else sorted(made.rglob("*.py"))
    names = [
        ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
        for path in modules
    ]
    code = "import importlib, json, sys; [importlib.import_module(n) for n in json.load(sys.stdin)]"
    done = subprocess.run(
        [str(tools.python), "-c", code],
        cwd=folder,
        env=tools.env(),
        input=json.dumps(names),
        capture_output=True,
        text=True,
        check=False,
    )
    return [("import", text) for _, text in _failed(done)]


def _count_models(finding: Finding, document: Document, names: Iterable[str]) -> None:
    lost = missing(document.schemas, names)
    finding.models = len(document.schemas) - len(lost)
    finding.lost("lost model", lost)


def redocly(tools: Tools, document: Document, folder: Path) -> Finding:
    config = ["--config", str(HERE / "redocly.yaml"), "--format", "json", "--max-problems", "9999"]
    done = run(tools, [*tools.node_script("redocly"), "lint", *config, str(document.path)], folder)
    report = _json(done.stdout)
    if report is None:
        return Finding(faults=_failed(done) or [("failed", "no report")])
    finding = Finding()
    for problem in report["problems"]:
        where = problem["location"][0].get("pointer", "") if problem["location"] else ""
        finding.faults.append((problem["ruleId"], f"{problem['message']} {where}"))
    return finding


def spectral(tools: Tools, document: Document, folder: Path) -> Finding:
    ruleset = ["--ruleset", str(HERE / "spectral.yaml"), "--format", "json", "--quiet"]
    command = [*tools.node_script("spectral"), "lint", *ruleset, str(document.path)]
    done = run(tools, command, folder)
    problems = _json(done.stdout)
    if problems is None:
        return Finding(faults=_failed(done) or [("failed", "no report")])
    finding = Finding()
    for problem in problems:
        where = "/".join(map(str, problem["path"]))
        finding.faults.append((problem["code"], f"{problem['message']} {where}"))
    return finding


def _json(text: str) -> Any:
    """The report in what a tool printed, which may begin with a line of its own."""
    starts = [place for place in (text.find("{"), text.find("[")) if place >= 0]
    if not starts:
        return None
    try:
        return json.JSONDecoder().raw_decode(text[min(starts) :])[0]
    except ValueError:
        return None


def by_rule(faults: Iterable[tuple[str, str]]) -> Counter[str]:
    return Counter(rule for rule, _ in faults)


TOOLS: dict[str, Tool] = {
    "openapi-python-client": openapi_python_client,
    "spectral": spectral,
    "datamodel-code-generator": datamodel_code_generator,
    "hey-api": hey_api,
    "orval": orval,
    "openapi-typescript": openapi_typescript,
    "redocly": redocly,
}

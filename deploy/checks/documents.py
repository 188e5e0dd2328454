"""The OpenAPI documents: as the code says now, and as the contracts say."""

import importlib
import json
from pathlib import Path
from typing import Any

from shared.settings import Settings

Document = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "tests" / "contracts" / "openapi"
PACKAGES = ("accounts_api", "tasks_api", "sequencer", "sync_worker")
METHODS = ("get", "put", "post", "patch", "delete")
# Documents depend on no setting but this one, which appears in examples: secrets are left out.
_SETTINGS = Settings.model_construct(public_url="https://tenure.example.com")


def current() -> dict[str, Document]:
    """Each service's document, by package. Needs no database: no process is started."""
    documents = {}
    for package in PACKAGES:
        app = importlib.import_module(f"{package}.main").create_app(_SETTINGS)
        # Once through JSON, as a client would get it.
        documents[package] = json.loads(json.dumps(app.openapi()))
    return documents


def contract(package: str) -> Document | None:
    path = CONTRACTS / f"{package}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def write_contract(package: str, document: Document) -> None:
    CONTRACTS.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False)
    (CONTRACTS / f"{package}.json").write_text(f"{text}\n", encoding="utf-8")


def resolve(document: Document, schema: Any) -> Any:
    """Follow `$ref` until there is none."""
    while isinstance(schema, dict) and "$ref" in schema:
        target: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        schema = target
    return schema


def operations(document: Document) -> dict[str, dict[str, Any]]:
    """`{"GET /v1/accounts": operation}`; parameters of the path are those of its operations."""
    found = {}
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                shared = item.get("parameters", [])
                own = item[method].get("parameters", [])
                found[f"{method.upper()} {path}"] = {**item[method], "parameters": [*shared, *own]}
    return found

"""Every operation of every service, read from their OpenAPI documents: what generated tests run on.

The documents are built without a database, so that tests can be collected without servers.
"""

import importlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import uuid4

from fastapi import FastAPI
from typing_extensions import override

from shared.schemas import KEY_OR_ID
from shared.settings import SERVICES, ServiceName, Settings

PACKAGES: dict[ServiceName, str] = {
    "accounts": "accounts_api",
    "tasks": "tasks_api",
    "sequencer": "sequencer",
    "sync": "sync_worker",
}
_JSON = "application/json"
WORDS = {"object_type": "project"}
"""What stands in a path for a name that is no id of ours: a furnished workspace knows it."""
_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Operation:
    service: ServiceName
    method: str
    path: str
    id: str
    permission: str | None
    spec: dict[str, Any] = field(repr=False, compare=False)
    document: dict[str, Any] = field(repr=False, compare=False)

    @override
    def __str__(self) -> str:
        return self.id

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    @property
    def parameters(self) -> list[str]:
        """Names in the path."""
        return _PARAMETER.findall(self.path)

    def takes_id(self, name: str) -> bool:
        """Whether this parameter of the path is one of our ids."""
        for parameter in self.spec.get("parameters", []):
            if parameter["in"] == "path" and parameter["name"] == name:
                return parameter["schema"].get("format") in {"uuid", KEY_OR_ID}
        return False

    def url(self, **values: str) -> str:
        """The path, with ids of nothing where no value is given."""

        def fill(found: re.Match[str]) -> str:
            name = found[1]
            known = values.get(name) or WORDS.get(name)
            return known or (str(uuid4()) if self.takes_id(name) else "no-such-thing")

        return _PARAMETER.sub(fill, self.path)

    def resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema

    @property
    def body(self) -> dict[str, Any] | None:
        """Schema of the request body."""
        content = self.spec.get("requestBody", {}).get("content", {})
        schema = content.get(_JSON, {}).get("schema")
        return None if schema is None else self.resolve(schema)

    @property
    def body_required(self) -> bool:
        return bool(self.spec.get("requestBody", {}).get("required"))

    @property
    def answer(self) -> dict[str, Any]:
        """Schema of the first successful response, empty when there is none."""
        for status, response in self.spec["responses"].items():
            if status.startswith("2"):
                schema = response.get("content", {}).get(_JSON, {}).get("schema", {})
                return self.resolve(schema)
        return {}

    @property
    def examples(self) -> list[Any]:
        """Request bodies that the document shows."""
        content = self.spec.get("requestBody", {}).get("content", {}).get(_JSON, {})
        shown = [example["value"] for example in content.get("examples", {}).values()]
        if "example" in content:
            shown.append(content["example"])
        return [*shown, *(self.body or {}).get("examples", [])]


@cache
def app_of(name: ServiceName) -> FastAPI:
    app: FastAPI = importlib.import_module(f"{PACKAGES[name]}.main").create_app(
        Settings.model_construct()
    )
    return app


@cache
def documents() -> dict[ServiceName, dict[str, Any]]:
    return {name: json.loads(json.dumps(app_of(name).openapi())) for name in SERVICES}


def _operations() -> Iterator[Operation]:
    for service, document in documents().items():
        for path, item in document["paths"].items():
            for method, spec in item.items():
                yield Operation(
                    service,
                    method.upper(),
                    path,
                    spec["operationId"],
                    spec.get("x-permission"),
                    spec,
                    document,
                )


PUBLIC = {"unsubscribe", "get_unsubscribe_page", "get_survey_page", "answer_survey"}
"""Operations for people without a credential; the token in their address is their right."""

OPERATIONS = list(_operations())
WRITES = [operation for operation in OPERATIONS if operation.writes]

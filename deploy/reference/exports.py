"""The same document for other readers: a collection for Postman and Bruno, `llms.txt`, a search."""

import json
from collections.abc import Iterator
from typing import Any

from deploy.reference import guides
from deploy.reference.document import Json, Operation, groups, operations, slug
from deploy.reference.samples import call_of

_KEY = "Send an API key as `Authorization: Bearer tnr_live_…`."
_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def place_of(operation: Operation) -> str:
    return f"/docs/reference/{slug(operation.tag)}#{operation.id}"


def problem_path(code: str) -> str:
    return f"/problems/{code.replace('_', '-')}"


def collection(document: Json) -> Json:
    """Postman's collection 2.1, one folder a tag; the key is a variable of it."""
    by_tag: dict[str, list[Json]] = {}
    for operation in operations(document):
        by_tag.setdefault(operation.tag, []).append(_request(document, operation))
    origin = (document.get("servers") or [{"url": ""}])[0]["url"]
    key = [{"key": "token", "value": "{{api_key}}", "type": "string"}]
    return {
        "info": {
            "name": document["info"]["title"],
            "description": document["info"].get("description", ""),
            "schema": _SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": key},
        "variable": [
            {"key": "base_url", "value": origin, "type": "string"},
            {"key": "api_key", "value": "", "type": "string"},
        ],
        "item": [
            {"name": tag["name"], "description": tag.get("description", ""), "item": items}
            for group in groups(document)
            for tag in group.tags
            if (items := by_tag.get(tag["name"]))
        ],
    }


def _request(document: Json, operation: Operation) -> Json:
    call = call_of(document, operation)
    in_path = operation.parameters_in("path")
    path = operation.path
    for each in in_path:
        path = path.replace(f"{{{each['name']}}}", f":{each['name']}")
    query = [
        {
            "key": each["name"],
            "value": "",
            "description": each.get("description", ""),
            "disabled": not each.get("required", False),
        }
        for each in operation.parameters_in("query")
    ]
    request: Json = {
        "method": operation.method,
        "header": [{"key": name, "value": value} for name, value in call.headers.items()],
        "url": {
            "raw": "{{base_url}}" + path,
            "host": ["{{base_url}}"],
            "path": path.strip("/").split("/"),
            "query": query,
            "variable": [
                {"key": each["name"], "value": "", "description": each.get("description", "")}
                for each in in_path
            ],
        },
        "description": operation.description,
    }
    if operation.is_public:
        request["auth"] = {"type": "noauth"}
    if call.body:
        request["body"] = {
            "mode": "raw",
            "raw": call.body,
            "options": {"raw": {"language": "json" if "json" in str(call.headers) else "text"}},
        }
    return {"name": operation.summary, "request": request, "response": []}


def llms_txt(document: Json, origin: str) -> str:
    """As llmstxt.org says: title, summary, lists of links."""
    summary = document["info"].get("summary", "")
    parts = [
        f"# {document['info']['title']}\n\n> {summary}\n",
        f"The API is described by [OpenAPI 3.1]({origin}/openapi.json). {_KEY}\n",
    ]
    for section, named in guides.sections():
        links = [f"- [{each.title}]({origin}{each.path}.md): {each.summary}" for each in named]
        parts.append(f"## {section}\n\n" + "\n".join(links) + "\n")
    for group in groups(document):
        links = [
            f"- [{tag['name']}]({origin}/docs/reference/{slug(tag['name'])}): "
            f"{tag.get('description', '')}"
            for tag in group.tags
        ]
        parts.append(f"## Reference: {group.name}\n\n" + "\n".join(links) + "\n")
    optional = [
        f"- [Events]({origin}/docs/events): every event type, with its payload",
        f"- [Errors]({origin}/problems): every error code, and what to do",
        f"- [Changes]({origin}/docs/changelog): by release",
    ]
    return "\n".join([*parts, "## Optional\n\n" + "\n".join(optional) + "\n"])


def search_index(document: Json) -> bytes:
    return json.dumps(list(_entries(document)), ensure_ascii=False, separators=(",", ":")).encode()


def _entries(document: Json) -> Iterator[list[Any]]:
    """Title, what stands beside it, address."""
    for each in operations(document):
        yield [each.summary, f"{each.method} {each.path}", place_of(each), each.id]
    for guide in guides.guides().values():
        yield [guide.title, "Guide", guide.path, ""]
        for heading in guide.rendered.headings:
            if heading.level == 2:  # noqa: PLR2004
                yield [heading.text, guide.title, f"{guide.path}#{heading.anchor}", ""]
    for event in document.get("webhooks", {}):
        yield [event, "Event", f"/docs/events#{event}", ""]
    for problem in document.get("x-problems", []):
        code = problem["code"]
        yield [code, f"Error {problem['status']}: {problem['title']}", problem_path(code), ""]
    for name in document.get("components", {}).get("schemas", {}):
        yield [name, "Schema", f"/docs/schemas/{name}", ""]


def collection_text(document: Json) -> str:
    return json.dumps(collection(document), ensure_ascii=False, indent=1)

"""Which changes of an OpenAPI document would break a client that was written against the old one.

What a client sends may only be accepted more widely; what it gets may only be promised more
tightly. Clients are told to bear new fields and new enum values in answers, so those do not break.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from deploy.checks.documents import Document, operations, resolve

Direction = Literal["in", "out"]
# Bounds, and whether a larger value accepts less.
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")


def breaks(old: Document, new: Document) -> Iterator[str]:
    comparison = _Comparison(old, new)
    before, after = operations(old), operations(new)
    for name, operation in before.items():
        if name not in after:
            yield f"{name}: is gone"
            continue
        for fault in comparison.operation(operation, after[name]):
            yield f"{name}: {fault}"
    for name in old.get("webhooks", {}):
        if name not in new.get("webhooks", {}):
            yield f"webhook {name}: is gone"


@dataclass
class _Comparison:
    old: Document
    new: Document
    _open: set[tuple[int, int]] = field(default_factory=set)

    def operation(self, old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
        if old.get("operationId") != new.get("operationId"):
            yield f"is named {new.get('operationId')!r} now: generated clients lose the old name"
        if not old.get("security") and new.get("security"):
            yield "needs a credential now"
        if "x-permission" in old and old["x-permission"] != new.get("x-permission"):
            yield f"needs another permission: {new.get('x-permission')!r}"
        yield from self._parameters(old["parameters"], new["parameters"])
        yield from self._body(old.get("requestBody"), new.get("requestBody"))
        for status, response in old.get("responses", {}).items():
            if status not in new.get("responses", {}):
                if status.startswith("2"):
                    yield f"response {status}: is gone"
                continue
            answered = resolve(self.new, new["responses"][status])
            yield from self._content(
                resolve(self.old, response), answered, "out", f"response {status}"
            )

    def _parameters(self, old: list[Any], new: list[Any]) -> Iterator[str]:
        before = {(p["in"], p["name"]): p for p in (resolve(self.old, p) for p in old)}
        after = {(p["in"], p["name"]): p for p in (resolve(self.new, p) for p in new)}
        for (place, name), parameter in before.items():
            where = f"{place} parameter {name}"
            if (place, name) not in after:
                yield f"{where}: is gone"
                continue
            now = after[place, name]
            if now.get("required") and not parameter.get("required"):
                yield f"{where}: is required now"
            yield from self._schema(parameter.get("schema"), now.get("schema"), "in", where)
        for (place, name), parameter in after.items():
            if (place, name) not in before and parameter.get("required"):
                yield f"{place} parameter {name}: is new and required"

    def _body(self, old: Any, new: Any) -> Iterator[str]:
        if new is None:
            if old is not None:
                yield "request body: is not taken any more"
            return
        if old is None:
            if new.get("required"):
                yield "request body: is required now"
            return
        if new.get("required") and not old.get("required"):
            yield "request body: is required now"
        yield from self._content(old, new, "in", "request body")

    def _content(
        self, old: dict[str, Any], new: dict[str, Any], direction: Direction, where: str
    ) -> Iterator[str]:
        for media, described in old.get("content", {}).items():
            if media not in new.get("content", {}):
                yield f"{where}: {media} is gone"
                continue
            now = new["content"][media]
            yield from self._schema(described.get("schema"), now.get("schema"), direction, where)

    def _schema(self, old: Any, new: Any, direction: Direction, where: str) -> Iterator[str]:
        old, new = resolve(self.old, old), resolve(self.new, new)
        if not isinstance(old, dict) or not isinstance(new, dict):
            return
        if (id(old), id(new)) in self._open:  # a schema that contains itself
            return
        self._open.add((id(old), id(new)))
        try:
            yield from self._types(old, new, direction, where)
            yield from _enum(old, new, direction, where)
            if direction == "in":
                yield from _bounds(old, new, where)
            yield from self._properties(old, new, direction, where)
            if "items" in old and "items" in new:
                yield from self._schema(old["items"], new["items"], direction, f"{where}[]")
        finally:
            self._open.discard((id(old), id(new)))

    def _types(
        self, old: dict[str, Any], new: dict[str, Any], direction: Direction, where: str
    ) -> Iterator[str]:
        before, after = self._kinds(self.old, old), self._kinds(self.new, new)
        if direction == "in" and after and (lost := (before or {"anything"}) - after):
            yield f"{where}: {', '.join(sorted(lost))} is not accepted any more"
        if direction == "out" and before and (added := (after or {"anything"}) - before):
            yield f"{where}: may be {', '.join(sorted(added))} now"
        # Alternatives are compared where it is clear which became which.
        old_parts, new_parts = self._objects(self.old, old), self._objects(self.new, new)
        if len(old_parts) == len(new_parts) == 1 and (old_parts[0] is not old):
            yield from self._schema(old_parts[0], new_parts[0], direction, where)

    def _kinds(self, document: Document, schema: Any) -> set[str]:
        """Types with their formats; empty when the schema does not limit them."""
        schema = resolve(document, schema)
        alternatives = schema.get("anyOf") or schema.get("oneOf")
        if alternatives:
            kinds = [self._kinds(document, part) for part in alternatives]
            return set().union(*kinds) if all(kinds) else set()
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        if "integer" in types and "number" in types:
            types = [kind for kind in types if kind != "integer"]
        form = f" ({schema['format']})" if "format" in schema else ""
        return {f"{kind}{form}" if kind == "string" else kind for kind in types}

    def _objects(self, document: Document, schema: dict[str, Any]) -> list[dict[str, Any]]:
        parts = schema.get("anyOf") or schema.get("oneOf") or [schema]
        found = [resolve(document, part) for part in parts]
        return [part for part in found if part.get("type") in ("object", "array")]  # may be a list

    def _properties(
        self, old: dict[str, Any], new: dict[str, Any], direction: Direction, where: str
    ) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        closed = new.get("additionalProperties") is False
        for name, schema in before.items():
            if name in after:
                yield from self._schema(schema, after[name], direction, f"{where}.{name}")
            elif direction == "out" or closed:
                yield f"{where}.{name}: is gone"
        must_before, must_after = set(old.get("required", [])), set(new.get("required", []))
        if direction == "in":
            for name in sorted(must_after - must_before):
                yield f"{where}.{name}: is required now"
        else:
            for name in sorted((must_before - must_after) & set(after)):
                yield f"{where}.{name}: may be absent now"


def _enum(
    old: dict[str, Any], new: dict[str, Any], direction: Direction, where: str
) -> Iterator[str]:
    if direction == "in" and "enum" in new:
        if "enum" not in old:
            yield f"{where}: takes only listed values now"
        for value in old.get("enum", []):
            if value not in new["enum"]:
                yield f"{where}: {value!r} is not accepted any more"


def _bounds(old: dict[str, Any], new: dict[str, Any], where: str) -> Iterator[str]:
    for bound in _LOWER:
        if bound in new and (bound not in old or new[bound] > old[bound]):
            yield f"{where}: {bound} is {new[bound]} now"
    for bound in _UPPER:
        if bound in new and (bound not in old or new[bound] < old[bound]):
            yield f"{where}: {bound} is {new[bound]} now"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield f"{where}: must match {new['pattern']} now"

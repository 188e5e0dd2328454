"""What every list that is found by a rule must do, whatever it lists."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import httpx2

from shared.rules.interpreter.evaluate import Snapshot, matches
from shared.rules.syntax.json_codec import read_json
from shared.rules.syntax.printer import write_text
from shared.rules.types.catalog import Catalog, FieldType, RecordType
from shared.rules.types.context import EvaluationContext
from shared.rules.types.type_check import check
from tests.harness import Client
from tests.shared.rules.random_rules import Author
from tests.source_code import ROOT

Json = dict[str, Any]


def snapshot(type_: RecordType, row: Json) -> Snapshot:
    """A row as the API shows it, as a rule sees it."""
    columns = {}
    for field in type_.fields:
        if field.trait is not None:
            continue
        value = row[field.name]
        if value is not None and field.type is FieldType.DATE:
            value = date.fromisoformat(value)
        if value is not None and field.type is FieldType.DATETIME:
            value = datetime.fromisoformat(value)
        columns[field.source] = value
    exact = {
        key: Decimal(str(value)) if isinstance(value, float) else value
        for key, value in (row.get("traits") or row.get("properties") or {}).items()
    }
    return Snapshot(row["id"], columns, exact)


async def rows_of(client: Client, path: str, **params: Any) -> list[Json]:
    """Of all pages."""
    rows: list[Json] = []
    while True:
        answer = await client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        rows += page["data"]
        if page["next_cursor"] is None:
            return rows
        params["cursor"] = page["next_cursor"]


async def assert_rules_find_what_they_say(
    client: Client, path: str, type_: RecordType, context: EvaluationContext, rules: int = 120
) -> None:
    """Random rules, in either form, in an address or a body, against the interpreter."""
    rows = await rows_of(client, path, limit=200)
    catalog = Catalog({type_.name: type_})
    narrowing = 0
    for number in range(rules):
        written = Author(number, catalog).rule(catalog.scope(type_.name))
        rule = check(read_json(written), catalog, type_.name)
        wanted = {row["id"] for row in rows if matches(rule, snapshot(type_, row), context)}
        narrowing += 0 < len(wanted) < len(rows)
        asked: Json = {"limit": 200, "count": "exact"}
        if number % 2:
            answer = await client.post(f"{path}/search", {**asked, "filter": written})
        else:
            text = write_text(rule.written)
            answer = await client.get(path, params={**asked, "filter": text})
        assert answer.status_code == 200, (written, answer.text)
        body = answer.json()
        assert {row["id"] for row in body["data"]} == wanted, written
        assert body["count"] == {"value": len(wanted), "exact": True}, written
    assert narrowing > rules / 10


async def assert_orders_hold(client: Client, path: str, type_: RecordType) -> None:
    """Every field that can be sorted by, up and down; pages of every order are the whole list."""
    ids = {row["id"] for row in await rows_of(client, path, limit=200)}
    for field in type_.fields:
        if field.type is FieldType.MULTI_SELECT:
            continue
        for sign in ("", "-"):
            rows = await rows_of(client, path, sort=f"{sign}{field.name}", limit=7)
            assert sorted(row["id"] for row in rows) == sorted(ids), field.name
            values = [
                row[type_.traits].get(field.trait) if field.trait else row[field.name]
                for row in rows
            ]
            given = [value for value in values if value is not None]
            assert values == given + [None] * (len(values) - len(given)), field.name
            if field.ranked:
                given = [field.options.index(value) for value in given]
            if field.ranked or field.type not in {FieldType.TEXT, FieldType.SELECT}:
                assert all(a >= b if sign else a <= b for a, b in pairwise(given)), field.name


def assert_page_of_rules_names_every_field(type_: RecordType) -> None:
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    [row] = [line for line in page.splitlines() if line.startswith(f"| `{type_.name}` |")]
    named = re.findall(r"`([a-z_]+)`", row)[1:]
    assert named == [field.name for field in type_.fields]


def faults(answer: httpx2.Response) -> Sequence[tuple[str, str, str | None]]:
    """(pointer, code, suggestion) of a refused list."""
    assert answer.status_code == 422, answer.text
    return [
        (each["pointer"], each["code"], each.get("suggestion")) for each in answer.json()["errors"]
    ]

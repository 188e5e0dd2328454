"""A rule that is copied from one workspace to another as it is printed means the same there, where
whatever it names has the same key and another id.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import pytest

from tests.accounts_api.automation.memberships.making import (
    START,
    Life,
    catalog,
    define_traits,
    usable,
)
from tests.harness import Tenure, Workspace
from tests.shared.rules.random_rules import Author

Json = dict[str, Any]
PLURALS: Final = {"account": "accounts", "opportunity": "opportunities"}
SEGMENTS: Final = (
    ("enterprise", "account", "arr > 0"),
    ("watched", "account", 'not in segment "enterprise" or role csm held'),
    ("watched_deals", "opportunity", 'any account (in segment "watched")'),
)
"""Key, record type and rule: each asks for the one before."""
RULES: Final = 12
"""Random rules of a record type, each beside a segment that it asks for, too."""


@dataclass
class Twin:
    """One of two workspaces in which the same happened."""

    ws: Workspace
    life: Life

    async def printed(self, record_type: str, rule: Json | str) -> Json:
        """Both forms of a rule."""
        body = {"record_type": record_type, "rule": rule}
        answer = await self.ws.observer.post("/v1/rules/validate", body)
        found: Json = answer.json()
        assert found["valid"], (rule, found)
        return {form: found[form] for form in ("rule", "rule_text")}

    async def found(self, record_type: str, rule: Json | str) -> list[int]:
        """The records that it finds, as places in the order in which they were made."""
        plural = PLURALS[record_type]
        body = {"filter": rule, "limit": 200, "include_ignored": True, "fields": ["name"]}
        answer = await self.ws.admin.post(f"/v1/{plural}/search", body)
        assert answer.status_code == 200, (rule, answer.text)
        return sorted(self.life.ids[plural].index(each["id"]) for each in answer.json()["data"])


@pytest.fixture(scope="module")
async def twins(tenure: Tenure) -> tuple[Twin, Twin]:
    sandbox, production = [await _twin(tenure, name) for name in ("Sandbox", "Production")]
    await tenure.settle()
    return sandbox, production


async def _twin(tenure: Tenure, name: str) -> Twin:
    ws = await tenure.workspace(name, frozen_at=START)
    await define_traits(ws)
    life = Life(ws, 11)
    members = (await ws.admin.get("/v1/members?limit=200")).json()["data"]
    life.members = [member["id"] for member in members if member["role"] == "admin"]
    for _ in range(30):
        await life.create()
    for _ in range(6):
        await life.assign()
    for key, record_type, rule in SEGMENTS:
        segment = {"key": key, "title": key, "record_type": record_type, "rule": rule}
        answer = await ws.admin.post("/v1/segments", segment)
        assert answer.status_code == 201, answer.text
        life.segments[record_type].append(answer.json()["id"])
    return Twin(ws, life)


@pytest.mark.parametrize("record_type", [*PLURALS])
async def test_a_rule_copied_as_it_is_printed_means_the_same(
    twins: tuple[Twin, Twin], record_type: str
) -> None:
    sandbox, production = twins
    several = set()
    for rule in _rules(sandbox.life, record_type):
        printed = await sandbox.printed(record_type, rule)
        ids = [id_ for made in sandbox.life.segments.values() for id_ in made]
        assert not any(id_ in str(printed) for id_ in ids)
        expected = await sandbox.found(record_type, rule)
        for form in printed.values():
            assert await production.printed(record_type, form) == printed
            assert await production.found(record_type, form) == expected, printed["rule_text"]
        several.add(len(expected))
    assert len(several) > 1, "rules that find all or none prove little"


def _rules(life: Life, record_type: str) -> Iterator[Json]:
    """By ids of the segments, as an older client writes them."""
    known, made = catalog(), 0
    random = Random(record_type)
    while made < RULES:
        author = Author(random.randrange(2**40), known, life.segments)
        asked: Json = {
            "segment": random.choice(life.segments[record_type]),
            "op": random.choice(("member", "not_member")),
        }
        joined = {random.choice(("any", "all")): [author.rule(known.scope(record_type)), asked]}
        rule = usable(joined, known, record_type)
        if rule is not None:
            made += 1
            yield rule


async def test_segments_hold_the_same_after_their_rules_were_copied(
    twins: tuple[Twin, Twin],
) -> None:
    sandbox, production = twins
    for key, record_type, rule in SEGMENTS:
        shown = [(await one.ws.observer.get(f"/v1/segments/{key}")).json() for one in twins]
        assert shown[0]["id"] != shown[1]["id"]
        assert [one["rule_text"] for one in shown] == [rule, rule]
        asked = f'in segment "{key}"'
        held = await sandbox.found(record_type, asked)
        assert held == await production.found(record_type, asked)
        assert held, key

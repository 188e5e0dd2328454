"""A small world of accounts and what belongs to them, and a model of what is there of it."""

import csv
import io
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.accounts_api.records.making import make, make_trait
from tests.harness import Tenure, Workspace

START: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)
PLURALS: Final = {
    "account": "accounts",
    "contact": "contacts",
    "opportunity": "opportunities",
    "visit": "objects/visit",
}
Key = tuple[str, str]
"""Type and name: every name is there once of a type."""


@dataclass
class Known:
    id: str
    owners: set[Key] = field(default_factory=set)
    gone: str | None = None
    """By whom, if it is: a person, its owner, or a merge."""


class World:
    """What the guide says: a record leaves with the last of its owners, and comes back with any of
    them unless a person deleted it.
    """

    def __init__(self, tenure: Tenure, ws: Workspace, seed: int) -> None:
        self.tenure, self.ws, self.draw = tenure, ws, random.Random(seed)
        self.known: dict[Key, Known] = {}
        self.segments: dict[str, str] = {}
        self.now = START
        self.past: list[tuple[datetime, dict[str, set[str]]]] = []

    async def begin(self) -> None:
        links = [{"to": "account"}, {"to": "contact"}]
        shape = {"key": "visit", "plural_key": "visits", "title": "Visit", "plural_title": "Visits"}
        await make(self.ws, "object-types", {**shape, "links": links})
        total = {"formula": "sum(opportunities.arr)", "result_type": "currency", "currency": "USD"}
        await make_trait(self.ws, "account", "total", "formula", **total)
        for record_type, rule in (
            ("account", "any opportunities (arr > 0)"),
            ("contact", 'name != ""'),
            ("opportunity", 'name != ""'),
        ):
            body = {"title": f"All {record_type}", "record_type": record_type, "rule": rule}
            self.segments[record_type] = (await make(self.ws, "segments", body))["id"]
        for name in "ABCD":
            self._add("account", name, await make(self.ws, "accounts", {"name": name}), [])
        for number, owner in enumerate("AABBCCD"):
            deal = {"name": f"deal {number}", "type": "renewal", "arr": 2**number}
            await self._make("opportunity", deal, [("account", owner)])
        for name, at in (("one", "A"), ("two", "AB"), ("three", "ABC"), ("four", "D")):
            await self._make("contact", {"name": name}, [("account", one) for one in at])
        visits: list[tuple[str, list[Key]]] = [
            ("at A", [("account", "A")]),
            ("with one", [("contact", "one")]),
            ("with two at B", [("contact", "two"), ("account", "B")]),
            ("of nobody", []),
        ]
        for name, owners in visits:
            await self._make("visit", {"name": name}, owners)
        await self._tick()

    async def _make(self, record_type: str, fields: dict[str, Any], owners: list[Key]) -> None:
        named: dict[str, Any] = {f"{kind}_id": self.known[kind, one].id for kind, one in owners}
        if record_type == "contact":
            named = {"accounts": [{"account_id": one} for one in self._ids(owners)]}
        made = await make(self.ws, PLURALS[record_type], {**fields, **named})
        self._add(record_type, fields["name"], made, owners)

    def _add(self, record_type: str, name: str, made: Any, owners: Iterable[Key]) -> None:
        self.known[record_type, name] = Known(made["id"], set(owners))

    def _ids(self, keys: Iterable[Key]) -> list[str]:
        return [self.known[key].id for key in sorted(keys)]

    def _is_there(self, key: Key) -> bool:
        return self.known[key].gone is None

    def _follow(self, owner: Key) -> None:
        for key, one in self.known.items():
            if owner in one.owners and one.gone in {None, "owner"}:
                gone = None if any(map(self._is_there, one.owners)) else "owner"
                if gone != one.gone:
                    one.gone = gone
                    self._follow(key)

    async def act(self) -> None:
        often = [self._delete, self._undelete] * 4
        links = [self._link, self._unlink, self._unlink, self._part, self._move]
        await self.draw.choice([*often, self._merge, *links])()
        if self.draw.random() < 0.5:
            await self._tick()

    async def _tick(self) -> None:
        self.past.append((self.now + timedelta(hours=1), self.there()))
        self.now += timedelta(hours=2)
        await self.tenure.set_clock(self.ws, self.now)

    def _one_of(self, *types: str, gone: bool = False) -> Key | None:
        keys = [
            key
            for key, one in self.known.items()
            if key[0] in types and (one.gone is not None) is gone and one.gone != "merge"
        ]
        return self.draw.choice(sorted(keys)) if keys else None

    def _path(self, key: Key) -> str:
        return f"/v1/{PLURALS[key[0]]}/{self.known[key].id}"

    async def _delete(self) -> None:
        key = self._one_of(*self.draw.choice([["account"], ["account"], [*PLURALS]]))
        if key is not None:
            assert (await self.ws.admin.delete(self._path(key))).status_code == 204
            self.known[key].gone = "person"
            self._follow(key)

    async def _undelete(self) -> None:
        """What has owners comes back beside a living one, and alone not."""
        key = self._one_of(*self.draw.choice([["account"], ["account"], [*PLURALS]]), gone=True)
        if key is None:
            return
        answer = await self.ws.admin.post(f"{self._path(key)}/undelete")
        owners = self.known[key].owners
        if owners and not any(map(self._is_there, owners)):
            assert (answer.status_code, answer.json()["code"]) == (409, "owner_deleted")
        else:
            assert answer.status_code == 200, answer.text
            self.known[key].gone = None
            self._follow(key)

    async def _merge(self) -> None:
        winner, loser = self._one_of("account"), self._one_of("account")
        left = [key for key, one in self.known.items() if key[0] == "account" and not one.gone]
        if winner and loser and winner != loser and len(left) > 2:
            body = {"loser_id": self.known[loser].id}
            answer = await self.ws.admin.post(f"{self._path(winner)}/merge", body)
            assert answer.status_code == 200, answer.text
            self.known[loser].gone = "merge"
            for one in self.known.values():
                if loser in one.owners:
                    one.owners = one.owners - {loser} | {winner}

    async def _link(self) -> None:
        contact, account = self._one_of("contact"), self._one_of("account")
        if contact and account:
            await self._linked(contact, self.known[contact].owners | {account})

    async def _unlink(self) -> None:
        """From any: whom only deleted ones are left, leaves with them."""
        contact = self._one_of("contact")
        if contact and (owners := self.known[contact].owners):
            await self._linked(contact, owners - {self.draw.choice(sorted(owners))})
            self._leave(contact)

    async def _part(self) -> None:
        """A visit from one of those it belongs to."""
        visit = self._one_of("visit")
        if visit and (owners := self.known[visit].owners):
            owner = self.draw.choice(sorted(owners))
            answer = await self.ws.admin.patch(self._path(visit), {f"{owner[0]}_id": None})
            assert answer.status_code == 200, answer.text
            self.known[visit].owners = owners - {owner}
            self._leave(visit)

    def _leave(self, key: Key) -> None:
        owners = self.known[key].owners
        if owners and not any(map(self._is_there, owners)):
            self.known[key].gone = "owner"
            self._follow(key)

    async def _linked(self, contact: Key, owners: set[Key]) -> None:
        links = [{"account_id": one} for one in self._ids(owners)]
        answer = await self.ws.admin.patch(self._path(contact), {"accounts": links})
        assert answer.status_code == 200, answer.text
        self.known[contact].owners = owners

    async def _move(self) -> None:
        """To an account that is there; to another it is refused."""
        deal = self._one_of("opportunity")
        account = self._one_of("account", gone=self.draw.random() < 0.3)
        if deal and account:
            body = {"account_id": self.known[account].id}
            answer = await self.ws.admin.patch(self._path(deal), body)
            if self._is_there(account):
                assert answer.status_code == 200, answer.text
                self.known[deal].owners = {account}
            else:
                assert answer.status_code == 422, answer.text
                assert answer.json()["errors"][0]["code"] == "unknown_account"

    def there(self) -> dict[str, set[str]]:
        """Names of the records that are there, by type."""
        return {
            kind: {name for of, name in self.known if of == kind and self._is_there((of, name))}
            for kind in PLURALS
        }

    async def agrees(self) -> None:
        """Lists, counts, files, segments, roll-ups and what is put in beside an account."""
        for record_type, names in self.there().items():
            plural = PLURALS[record_type]
            assert await listed(self.ws, plural) == names
            file = await self.ws.admin.get(f"/v1/{plural}/export.csv")
            assert {row["name"] for row in csv.DictReader(io.StringIO(file.text))} == names
            if record_type in {"contact", "opportunity"}:
                assert await self._members(record_type) == names
        with_deals = set()
        for name, row in (await self._accounts()).items():
            deals = self._owned("opportunity", name)
            with_deals |= {name} if deals else set()
            total = sum(2 ** int(deal.removeprefix("deal ")) for deal in deals)
            assert (row["traits"].get("total") or 0) == total
            assert {one["name"] for one in row["opportunities"]} == deals
            assert {one["name"] for one in row["contacts"]} == self._owned("contact", name)
            assert {one["name"] for one in row["visits"]} == self._owned("visit", name)
        assert await self._members("account") == with_deals

    async def _members(self, record_type: str) -> set[str]:
        path = f"/v1/segments/{self.segments[record_type]}/members"
        answer = await self.ws.admin.get(path, params={"limit": 100})
        return {one["name"] for one in answer.json()["data"]}

    async def _accounts(self) -> dict[str, Any]:
        params = {"include": "opportunities,contacts,visits", "limit": 100}
        rows = (await self.ws.admin.get("/v1/accounts", params=params)).json()["data"]
        return {row["name"]: row for row in rows}

    def _owned(self, record_type: str, account: str) -> set[str]:
        return {
            name
            for (kind, name), one in self.known.items()
            if kind == record_type and ("account", account) in one.owners and one.gone is None
        }

    async def past_agrees(self) -> None:
        for when, names in self.past[:: max(1, len(self.past) // 6)]:
            for record_type, plural in PLURALS.items():
                then = await listed(self.ws, plural, as_of=when.isoformat())
                assert then == names[record_type], (when, record_type)


async def listed(ws: Workspace, plural: str, **params: Any) -> set[str]:
    answer = await ws.admin.get(f"/v1/{plural}", params={"limit": 100, "count": "exact", **params})
    assert answer.status_code == 200, answer.text
    rows = answer.json()["data"]
    assert answer.json()["count"]["value"] == len(rows)
    return {row["name"] for row in rows}

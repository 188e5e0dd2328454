"""After any changes, values are what working everything out from the beginning would give."""

import asyncio
from random import Random
from typing import Any
from uuid import UUID

from accounts_api.evaluation.engine import service as engine
from tests.accounts_api.records.making import bulk, make_trait
from tests.harness import Tenure, Workspace

FORMULAS = (
    ("account", "open_arr", "sum(opportunities.arr where is_closed = false)", "currency"),
    ("account", "per_seat", "traits.open_arr / traits.seats", "currency"),
    ("account", "grade", 'if(traits.per_seat > 40, "high", concat("low ", name))', "string"),
    ("account", "bounced", 'count(contacts where email_status = "bounced")', "number"),
    ("account", "ends_in", "days_between(today(), max(opportunities.close_date))", "number"),
    ("opportunity", "share", "arr / account.traits.open_arr", "number"),
    ("organization", "total", "sum(accounts.traits.open_arr)", "currency"),
    ("contact", "firms", "count(accounts.opportunities where traits.share > 0.3)", "number"),
)

KEPT = {"opportunities": 8, "accounts": 4, "contacts": 3}
"""How many records of each type there are."""


class Customers:
    """A small workspace that is changed at random, by several people at once."""

    def __init__(self, ws: Workspace, seed: int) -> None:
        self.ws = ws
        self.random = Random(seed)

    def one(self, kind: str, count: int) -> str:
        return f"{kind}{self.random.randrange(count)}"

    def opportunity(self, key: str) -> dict[str, Any]:
        return {
            "external_id": key,
            "name": key,
            "type": "renewal",
            "account_external_id": self.one("a", 4),
            "arr": self.random.choice((None, 50, 100, 200)),
            "is_closed": self.random.random() < 0.3,
            "close_date": self.random.choice((None, "2026-03-09", "2026-04-01")),
            "deleted": self.random.random() < 0.15,
            "restore": True,
        }

    def account(self, key: str) -> dict[str, Any]:
        return {
            "external_id": key,
            "name": self.random.choice("xyz"),
            "organization_external_id": self.one("g", 2),
            "traits": {"seats": self.random.choice((None, 0, 1, 2.5))},
        }

    def contact(self, key: str) -> dict[str, Any]:
        accounts = {self.one("a", 4) for _ in range(2)}
        return {
            "external_id": key,
            "name": key,
            "accounts": [{"account_external_id": account} for account in sorted(accounts)],
        }

    async def change(self) -> None:
        kind = self.random.choice(("opportunities", "opportunities", "accounts", "contacts"))
        keys = {self.one(kind[0], KEPT[kind]) for _ in range(3)}
        make = {
            "opportunities": self.opportunity,
            "accounts": self.account,
            "contacts": self.contact,
        }[kind]
        done = await bulk(self.ws, kind, [make(key) for key in sorted(keys)])
        assert all(row["status"] != "rejected" for row in done), done


async def test_recomputed_is_as_from_the_beginning(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    customers = Customers(ws, 7)
    await bulk(ws, "organizations", [{"external_id": f"g{i}", "name": f"g{i}"} for i in range(2)])
    await make_trait(ws, "account", "seats", "number")
    await bulk(ws, "accounts", [customers.account(f"a{i}") for i in range(4)])
    for record_type, key, formula, result in FORMULAS:
        money = {"currency": "USD"} if result == "currency" else {}
        more = {"formula": formula, "result_type": result, **money}
        await make_trait(ws, record_type, key, "formula", **more)
    service = tenure.workers["accounts"]
    for _ in range(6):
        writers = [customers.change() for _ in range(4)]
        await asyncio.gather(*writers, engine.step(service), engine.step(service))
    await tenure.settle()
    traits = (await ws.admin.get("/v1/traits")).json()["data"]
    formulas = [UUID(trait["id"]) for trait in traits if trait["type"] == "formula"]
    async with service.units.begin(ws.id, []) as uow:
        for formula_id in formulas:
            await engine.start_backfill(uow, formula_id, repeated=True)
    await tenure.settle()
    async with service.units.begin(ws.id, []) as uow:
        backfills = await engine.backfills_of(uow, formulas)
    assert {backfill.as_json()["corrected"] for backfill in backfills.values()} == {0}
    read = (await ws.admin.get("/v1/organizations")).json()["data"]
    assert sum(one["traits"]["total"] for one in read) > 0

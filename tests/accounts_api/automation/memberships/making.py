"""A workspace in which anything happens, at random but always the same for a seed."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from accounts_api.language.rules.standard import STANDARD
from shared.rules.syntax.faults import RuleFaulty
from shared.rules.syntax.json_codec import read_json
from shared.rules.types.catalog import Catalog
from shared.rules.types.type_check import check
from tests.harness import Tenure, Workspace
from tests.shared.rules.dice import PRODUCTS, TEXTS
from tests.shared.rules.random_rules import Author
from tests.shared.rules.worlds import TRAITS

TYPES = ("account", "contact", "opportunity", "organization")
START = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
KNOWN = [trait for trait in TRAITS if trait.trait and "." not in trait.trait]


def catalog() -> Catalog:
    return STANDARD.with_fields(dict.fromkeys(TYPES, KNOWN))


class Life:
    """Does something at random to one workspace, through HTTP."""

    def __init__(self, ws: Workspace, seed: int) -> None:
        self.ws, self.random = ws, Random(seed)
        self.ids: dict[str, list[str]] = {plural: [] for plural in self.fields}
        self.segments: dict[str, list[str]] = {type_: [] for type_ in TYPES}
        self.members: list[str] = []
        self.now = START

    fields: Mapping[str, tuple[str, ...]] = {
        "organizations": ("name", "domain"),
        "accounts": ("name", "domain", "arr", "organization_id"),
        "contacts": ("name", "first_name", "accounts"),
        "opportunities": (
            *("name", "account_id", "is_closed", "is_won", "close_date"),
            *("contract_expiration", "arr", "stage"),
        ),
    }

    def one(self, values: Any) -> Any:
        return self.random.choice(list(values))

    def day(self) -> str:
        reach = self.one((3, 40, 400))
        return (self.now + timedelta(days=self.random.randint(-reach, reach))).date().isoformat()

    def traits(self) -> dict[str, Any]:
        values = {
            "tier": self.one(("gold", "silver", None)),
            "motto": self.one(TEXTS) or None,
            "seats": self.random.randint(-3, 7),
            "budget": self.random.randint(-3, 3),
            "product_admin": self.one((True, False)),
            "go_live": self.day(),
            "last_call": f"{self.day()}T10:00:00Z",
            "products": self.random.sample(PRODUCTS, self.random.randint(0, 3)),
        }
        return {key: values[key] for key in self.random.sample(sorted(values), 3)}

    def value(self, field: str) -> Any:
        match field:
            case "domain":
                return self.one((None, "acme.example", "größe.example"))
            case "arr":
                return self.random.randint(-3, 3)
            case "organization_id":
                return self.one([None, *self.ids["organizations"]])
            case "account_id":
                return self.one([None, *self.ids["accounts"]])
            case "accounts":
                some = self.random.sample(self.ids["accounts"], min(2, len(self.ids["accounts"])))
                return [{"account_id": id_, "plan_roles": ["Champion"]} for id_ in some]
            case "is_closed" | "is_won":
                return self.one((True, False))
            case "close_date" | "contract_expiration":
                return self.day()
            case _:
                return self.one([text for text in TEXTS if text])

    async def create(self) -> None:
        plural = self.one(self.fields)
        body = {name: self.value(name) for name in self.fields[plural]} | {"traits": self.traits()}
        if plural in {"accounts", "contacts"} and self.random.random() < 0.5:
            body["external_id"] = f"{plural[0].replace('c', 'u')}{len(self.ids[plural])}"
        if plural == "opportunities":
            body["type"] = self.one(("renewal", "expansion"))
        if "arr" in body:
            body["currency"] = self.one(("USD", "EUR"))
        if plural in {"accounts", "opportunities"}:
            body["allow_implausible"] = True
        answer = await self.ws.admin.post(f"/v1/{plural}", body)
        assert answer.status_code == 201, answer.text
        self.ids[plural].append(answer.json()["id"])

    async def change(self) -> None:
        plural = self.one(plural for plural, ids in self.ids.items() if ids)
        name = self.one(self.fields[plural])
        body: dict[str, Any] = {name: self.value(name), "traits": self.traits()}
        if plural in {"accounts", "opportunities"}:
            body["allow_implausible"] = True
        answer = await self.ws.admin.patch(f"/v1/{plural}/{self.one(self.ids[plural])}", body)
        assert answer.status_code in {200, 410, 404, 409, 422}, answer.text

    async def delete(self) -> None:
        plural = self.one(plural for plural, ids in self.ids.items() if ids)
        await self.ws.admin.delete(f"/v1/{plural}/{self.one(self.ids[plural])}")

    async def undelete(self) -> None:
        plural = self.one(plural for plural, ids in self.ids.items() if ids)
        await self.ws.admin.post(f"/v1/{plural}/{self.one(self.ids[plural])}/undelete")

    async def merge(self) -> None:
        plural = self.one(plural for plural, ids in self.ids.items() if ids)
        winner, loser = self.one(self.ids[plural]), self.one(self.ids[plural])
        await self.ws.admin.post(f"/v1/{plural}/{winner}/merge", {"loser_id": loser})

    async def assign(self) -> None:
        if self.ids["accounts"]:
            holders = self.random.sample(self.members, self.random.randint(0, 1))
            path = f"/v1/accounts/{self.one(self.ids['accounts'])}"
            answer = await self.ws.admin.patch(path, {"key_roles": {"csm": holders}})
            assert answer.status_code in {200, 404, 409, 410}, answer.text

    async def track(self) -> None:
        """Of people and customers that are here, or that may come."""
        message = {
            "event": self.one(("login", "logout")),
            "userId": f"u{self.random.randint(0, 3)}",
            "timestamp": (self.now - timedelta(days=self.random.randint(0, 9))).isoformat(),
        }
        if self.random.random() < 0.5:
            message["groupId"] = f"a{self.random.randint(0, 3)}"
        answer = await self.ws.admin.post("/v1/track", message)
        assert answer.status_code == 200, answer.text

    async def wait(self, tenure: Tenure) -> None:
        self.now += timedelta(hours=self.one((5, 30, 24 * 9, 24 * 50)))
        await tenure.set_clock(self.ws, self.now)

    async def define(self, known: Catalog) -> None:
        type_ = self.one(TYPES)
        rule: Any = None
        while rule is None:
            author = Author(self.random.randint(0, 2**40), known, self.segments)
            rule = usable(author.rule(known.scope(type_)), known, type_)
        body = {"title": f"S{self.random.random()}", "record_type": type_, "rule": rule}
        answer = await self.ws.admin.post("/v1/segments", body)
        assert answer.status_code == 201, (rule, answer.text)
        self.segments[type_].append(answer.json()["id"])


def usable(rule: dict[str, Any], known: Catalog, type_: str) -> dict[str, Any] | None:
    """Rules that speak of a key role this workspace lacks are left out."""
    if '"ae"' in str(rule).replace("'", '"'):
        return None
    try:
        check(read_json(rule), known, type_)
    except RuleFaulty:
        return None
    return rule


async def define_traits(ws: Workspace) -> None:
    for record_type in TYPES:
        for trait in KNOWN:
            body: dict[str, Any] = {
                "record_type": record_type,
                "key": trait.trait,
                "title": str(trait.trait),
                "type": str(trait.type),
            }
            if trait.options:
                body["options"] = [{"value": option} for option in trait.options]
            if trait.currency:
                body["currency"] = trait.currency
            answer = await ws.admin.post("/v1/traits", body)
            assert answer.status_code == 201, answer.text

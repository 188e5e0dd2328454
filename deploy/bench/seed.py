"""A customer base: accounts with twenty traits, three contacts and one opportunity each."""

import random
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from pydantic_core import to_json

from accounts_api.records.schema.rules import search_text
from deploy.bench.stage import Stage
from shared.clock import utc_now

CONTACTS_EACH = 3
_BATCH = 5_000
_COUNTRIES = ("DE", "FR", "GB", "JP", "US")
_TIERS = ("bronze", "silver", "gold", "platinum")
_TYPES = ["select"] * 5 + ["string"] * 5 + ["number"] * 5 + ["boolean"] * 3 + ["date"] * 2
_SEEDED = "customers"


def drawing(seed: int) -> random.Random:
    """The same records in every run."""
    return random.Random(seed)  # noqa: S311


def account_id(number: int) -> UUID:
    """In the order of creation, as UUIDv7 are."""
    return _numbered(0x8000, number)


def opportunity_id(number: int) -> UUID:
    return _numbered(0x8001, number)


def _contact_id(number: int) -> UUID:
    return _numbered(0x8002, number)


def _numbered(place: int, number: int) -> UUID:
    return UUID(int=(0x0198_0000_0000_7000_0000 << 48) + (place << 48) + number)


def account(number: int, draw: random.Random) -> dict[str, Any]:
    return {
        "external_id": f"bench-{number}",
        "name": f"Company {draw.randrange(1_000_000):06} {number}",
        "domain": f"company-{number}.example",
        "arr": draw.randrange(100_000_000),
        "currency": "USD",
        "country": draw.choice(_COUNTRIES),
        "traits": _traits(draw),
    }


def _traits(draw: random.Random) -> dict[str, Any]:
    """Twenty: five selects, five texts, five numbers, three booleans, two dates."""
    return {
        **{f"t{n:02}": draw.choice(_TIERS) for n in range(5)},
        **{f"t{n:02}": f"text {draw.randrange(10_000)}" for n in range(5, 10)},
        **{f"t{n:02}": draw.randrange(1_000_000) for n in range(10, 15)},
        **{f"t{n:02}": draw.getrandbits(1) == 1 for n in range(15, 18)},
        **{f"t{n:02}": f"2026-{draw.randrange(1, 13):02}-15" for n in range(18, 20)},
    }


async def seed(stage: Stage) -> None:
    """By COPY, as quickly as PostgreSQL takes them; once for all groups of a run."""
    if _SEEDED in stage.prepared:
        return
    stage.prepared.add(_SEEDED)
    async with stage.as_admin() as connection:
        await _define_traits(stage, connection)
        draw = drawing(1)
        for table, count, make in (
            ("accounts", stage.scale, partial(account, draw=draw)),
            ("contacts", stage.scale * CONTACTS_EACH, _contact),
            ("opportunities", stage.scale, partial(_opportunity, draw=draw)),
        ):
            await _copy(stage, connection, table, count, make)
        await connection.execute(
            """
            insert into account_contacts (workspace_id, account_id, contact_id)
            select a.workspace_id, a.id, c.id
            from (select *, row_number() over (order by id) - 1 as place from accounts
                  where workspace_id = $1) a
            join (select *, (row_number() over (order by id) - 1) / $2::int as place from contacts
                  where workspace_id = $1) c using (place)
            """,
            stage.workspace_id,
            CONTACTS_EACH,
        )
        for table in ("accounts", "contacts", "opportunities", "account_contacts"):
            await connection.execute(f"vacuum analyze accounts.{table}")


async def _define_traits(stage: Stage, connection: Any) -> None:
    options = to_json([{"value": tier} for tier in _TIERS]).decode()
    await connection.copy_records_to_table(
        "trait_definitions",
        schema_name="accounts",
        columns=["workspace_id", "id", "record_type", "key", "title", "type", "options"],
        records=[
            (
                stage.workspace_id,
                uuid4(),
                "account",
                f"t{n:02}",
                f"Trait {n}",
                kind,
                options if kind == "select" else None,
            )
            for n, kind in enumerate(_TYPES)
        ],
    )
    await connection.execute("vacuum analyze accounts.trait_definitions")


def _contact(number: int) -> dict[str, Any]:
    address = f"person-{number}@company-{number // CONTACTS_EACH}.example"
    return {
        "id": _contact_id(number),
        "external_id": f"bench-{number}",
        "name": f"Person {number}",
        "email": address,
        "email_key": address,
        "traits": {},
    }


def _opportunity(number: int, draw: random.Random) -> dict[str, Any]:
    """Half of them end within the next year, the others within the year after."""
    return {
        "id": opportunity_id(number),
        "external_id": f"bench-{number}",
        "account_id": account_id(number),
        "name": f"Renewal {number}",
        "type": "renewal",
        "is_closed": False,
        "is_won": False,
        "contract_expiration": utc_now().date() + timedelta(days=1 + draw.randrange(730)),
        "arr": draw.randrange(100_000_000),
        "currency": "USD",
        "traits": {},
    }


async def _copy(
    stage: Stage, connection: Any, table: str, count: int, make: Callable[[int], dict[str, Any]]
) -> None:
    for start in range(0, count, _BATCH):
        rows = [
            {"id": account_id(number), **make(number)}
            for number in range(start, min(start + _BATCH, count))
        ]
        await connection.copy_records_to_table(
            table,
            schema_name="accounts",
            columns=["workspace_id", *rows[0], "search_text"],
            records=[
                (stage.workspace_id, *map(_plain, row.values()), search_text(row)) for row in rows
            ],
        )


def _plain(value: Any) -> Any:
    return to_json(value).decode() if isinstance(value, dict) else value

"""Small random worlds of records, as rows for PostgreSQL and as snapshots for Python."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from accounts_api.language.rules.standard import STANDARD
from shared.rules.interpreter.evaluate import CountedEvents, Holding, Snapshot
from shared.rules.types.catalog import (
    NOBODY,
    Catalog,
    Field,
    FieldType,
    Side,
    event_property,
    trait,
)
from tests.shared.rules.dice import NOW, TEXTS, Dice

WORKSPACE = UUID(int=1)
ROLES = ("csm", "ae")


def ids(kind: int, count: int) -> list[UUID]:
    return [UUID(int=kind * 1000 + number) for number in range(count)]


MEMBERS, SEGMENTS = ids(8, 2), ids(9, 2)

TRAITS = (
    trait("tier", FieldType.SELECT, ("gold", "silver")),
    trait("motto", FieldType.TEXT),
    trait("seats", FieldType.NUMBER),
    trait("budget", FieldType.CURRENCY, currency="EUR"),
    trait("product_admin", FieldType.BOOLEAN),
    trait("go_live", FieldType.DATE),
    trait("last_call", FieldType.DATETIME),
    trait("products", FieldType.MULTI_SELECT, ("crm", "ats", "forms")),
    trait("odd.key with dots", FieldType.TEXT),
)


MEASURES = ids(7, 2)
SIDES = (
    *(
        Field(f"measures.m{place}", FieldType.NUMBER, side=Side("measured", "value", owner=mine))
        for place, mine in enumerate(("measure_id", id_) for id_ in MEASURES)
    ),
    Field(
        "standing.label",
        FieldType.SELECT,
        options=("poor", "good"),
        side=Side("standings", "label"),
    ),
    Field("standing.last_seen_at", FieldType.DATETIME, side=Side("standings", "last_seen_at")),
    Field("standing.ends_on", FieldType.DATE, side=Side("standings", "ends_on")),
)
"""Values of rows beside the records."""


PROPERTIES = (
    event_property("motto", FieldType.TEXT),
    event_property("seats", FieldType.NUMBER),
    event_property("product_admin", FieldType.BOOLEAN),
    event_property("go_live", FieldType.DATE),
    event_property("last_call", FieldType.DATETIME),
)


def catalog() -> Catalog:
    known = STANDARD.with_fields(dict.fromkeys(STANDARD.types, (*TRAITS, *SIDES)))
    return known.with_event_properties({"login": PROPERTIES, "logout": PROPERTIES[:2]})


@dataclass
class World:
    """Rows by table; a row is what the column names say."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    async def store(self, connection: AsyncConnection) -> None:
        for table, rows in self.rows.items():
            if rows:
                names = sorted(rows[0])
                statement = text(
                    f"insert into {table} (workspace_id, {', '.join(names)})"
                    f" values (:workspace_id, {', '.join(f':{name}' for name in names)})"
                )
                for name in {"traits", "properties"} & {*names}:
                    statement = statement.bindparams(bindparam(name, type_=JSONB()))
                values = [{**row, "workspace_id": WORKSPACE} for row in rows]
                await connection.execute(statement, values)

    def live(self, table: str) -> list[dict[str, Any]]:
        return [row for row in self.rows[table] if row["deleted_at"] is None]

    def snapshot(self, type_: str, row: dict[str, Any], depth: int = 4) -> Snapshot:
        related: dict[str, list[Snapshot]] = {}
        if depth:
            related = {
                name: [
                    replace(self.snapshot(target, other, depth - 1), link=link)
                    for other, link in others
                ]
                for name, target, others in self._related(type_, row)
            }
        id_ = row["id"]
        changes: dict[str, list[datetime]] = {}
        for change in self.rows["field_changes"]:
            if (change["record_type"], change["record_id"]) == (type_, id_):
                changes.setdefault(change["field"], []).append(change["valid_from"])
        events, values = (
            self._counted(table, f"{type_}_id", id_)
            for table in ("product_event_days", "product_event_values")
        )
        return Snapshot(
            id=str(id_),
            columns={
                name: str(value) if isinstance(value, UUID) else value
                for name, value in (*row.items(), *self._beside(id_))
            },
            traits=row["traits"],
            related=related,
            segments=frozenset(
                str(member["segment_id"])
                for member in self.rows["segment_members"]
                if member["record_id"] == id_ and member["left_at"] is None
            ),
            roles=[
                Holding(
                    held["key_role_key"],
                    str(held["member_id"]),
                    held["valid_from"],
                    held["valid_to"],
                )
                for held in self.rows["key_role_assignments"]
                if held["account_id"] == id_
            ],
            changes=changes,
            events=events,
            event_values=values,
        )

    def _counted(self, table: str, column: str, id_: UUID) -> dict[str, list[CountedEvents]]:
        found: dict[str, list[CountedEvents]] = {}
        for row in self.rows[table]:
            if row.get(column) == id_:
                who = None if row["contact_id"] == NOBODY else str(row["contact_id"])
                same = CountedEvents(row["day"], row["count"], who, row.get("properties", {}))
                found.setdefault(row["name"], []).append(same)
        return found

    def _beside(self, id_: UUID) -> Iterable[tuple[str, Any]]:
        for measured in self.rows["measured"]:
            if measured["record_id"] == id_:
                yield f"measures.m{MEASURES.index(measured['measure_id'])}", measured["value"]
        for name in ("risks", "opportunities"):
            counts = (row[name] for row in self.rows["indicator_counts"] if row["record_id"] == id_)
            yield f"indicators.open_{name}", next(counts, 0)
        for table, group in (("standings", "standing"), ("record_touches", "touches")):
            for row in self.rows[table]:
                if row["record_id"] == id_:
                    yield from ((f"{group}.{name}", value) for name, value in row.items())

    def _related(self, type_: str, row: dict[str, Any]) -> Iterable[tuple[str, str, Any]]:
        def where(table: str, **wanted: Any) -> list[tuple[dict[str, Any], dict[str, Any]]]:
            found = self.live(table)
            return [(other, {}) for other in found if wanted.items() <= other.items()]

        def linked(table: str, mine: str, theirs: str) -> Any:
            return [
                (other, {"plan_roles": link["plan_roles"]})
                for link in self.rows["account_contacts"]
                for other in self.live(table)
                if link[mine] == row["id"] and link[theirs] == other["id"]
            ]

        match type_:
            case "organization":
                yield "accounts", "account", where("accounts", organization_id=row["id"])
            case "account":
                yield (
                    "organization",
                    "organization",
                    where("organizations", id=row["organization_id"]),
                )
                yield "contacts", "contact", linked("contacts", "account_id", "contact_id")
                yield "opportunities", "opportunity", where("opportunities", account_id=row["id"])
            case "contact":
                yield "accounts", "account", linked("accounts", "contact_id", "account_id")
            case "opportunity":
                yield "account", "account", where("accounts", id=row["account_id"])


def world(seed: int) -> World:
    dice = Dice(seed)
    organizations, accounts = ids(1, dice.one((0, 1))), ids(2, dice.one((1, 2, 3)))
    contacts, opportunities = ids(3, dice.one((0, 1, 3))), ids(4, dice.one((0, 1, 3)))
    everyone = [*organizations, *accounts, *contacts, *opportunities]
    pairs = [(account, contact) for account in accounts for contact in contacts]
    few = range(dice.one((0, 1, 3)))
    flag = (True, False, None)
    days = [
        {
            "account_id": account,
            "contact_id": dice.one([*contacts, NOBODY]),
            "name": name,
            "day": dice.day(),
            "count": number,
        }
        for account, name, number in dice.some(
            [(a, e, c) for a in accounts for e in ("login", "logout") for c in (0, 1, 2)]
        )
    ]
    return World(
        {
            "organizations": [
                {**dice.common(), "id": id_, "domain": dice.maybe(dice.one(TEXTS))}
                for id_ in organizations
            ],
            "accounts": [
                {
                    **dice.common(),
                    **dice.money(),
                    "id": id_,
                    "organization_id": dice.one([None, *organizations]),
                    "domain": dice.maybe(dice.one(TEXTS)),
                    "lifecycle_status": dice.maybe(dice.one(("subscribed", "trial"))),
                    "lifecycle_status_since": dice.maybe(dice.instant()),
                    "time_zone": dice.maybe(dice.one(TEXTS)),
                    "country": dice.maybe(dice.one(TEXTS)),
                }
                for id_ in accounts
            ],
            "contacts": [
                {
                    **dice.common(),
                    "id": id_,
                    "email": dice.maybe(dice.one(TEXTS)),
                    "email_status": dice.maybe(dice.one(TEXTS)),
                    "deactivated_at": dice.maybe(dice.instant()),
                }
                for id_ in contacts
            ],
            "opportunities": [
                {
                    **dice.common(),
                    **dice.money(),
                    "id": id_,
                    "account_id": dice.one([None, *accounts]),
                    "type": dice.maybe(dice.one(("renewal", "expansion"))),
                    "is_closed": dice.one(flag),
                    "is_won": dice.one(flag),
                    "close_date": dice.maybe(dice.day()),
                    "contract_expiration": dice.maybe(dice.day()),
                    "renewal_sequence_status_at": dice.maybe(dice.instant()),
                }
                for id_ in opportunities
            ],
            "account_contacts": [
                {
                    "account_id": account,
                    "contact_id": contact,
                    "plan_roles": dice.some(("Champion", "Sponsor")),
                }
                for account, contact in dice.some(pairs)
            ],
            "key_role_assignments": [
                {
                    "account_id": dice.one(accounts),
                    "key_role_key": dice.one(ROLES),
                    "member_id": dice.one(MEMBERS),
                    "valid_from": dice.instant(),
                    "valid_to": dice.maybe(dice.instant()),
                }
                for _ in few
            ],
            "segment_members": [
                {
                    "segment_id": dice.one(SEGMENTS),
                    "record_id": dice.one(everyone),
                    "left_at": dice.maybe(NOW),
                }
                for _ in few
            ],
            "field_changes": [
                {
                    "record_type": "account",
                    "record_id": dice.one(accounts),
                    "field": dice.one(("arr", "traits.tier")),
                    "valid_from": dice.instant(),
                }
                for _ in few
            ],
            "measured": [
                {"record_id": id_, "measure_id": measure, "value": dice.maybe(dice.number())}
                for id_, measure in dice.some([(e, m) for e in everyone for m in MEASURES])
            ],
            "standings": [
                {
                    "record_id": id_,
                    "label": dice.maybe(dice.one(("poor", "good"))),
                    "last_seen_at": dice.maybe(dice.instant()),
                    "ends_on": dice.maybe(dice.day()),
                }
                for id_ in dice.some(everyone)
            ],
            "record_touches": [
                {
                    "record_id": id_,
                    "last_inbound_at": dice.maybe(dice.instant()),
                    "last_note_at": dice.maybe(dice.instant()),
                }
                for id_ in dice.some(everyone)
            ],
            "indicator_counts": [
                {"record_id": id_, "risks": dice.one((0, 1, 2)), "opportunities": dice.one((0, 3))}
                for id_ in dice.some(everyone)
            ],
            "product_event_days": days,
            "product_event_values": [{**day, "properties": dice.traits()} for day in days],
        }
    )

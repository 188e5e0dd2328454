"""Random values of records, many of them missing or wrong."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

NOW = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
TEXTS = ("", "Acme", "ACMÉ", "acme%", "a_b", "Straße", "Łódź", "Ωmega", "ﬁne", "a")
DECIMALS = (Decimal("0.5"), Decimal("-1.25"), Decimal("1E+2"), 1, 0, 7)
CURRENCIES = ("EUR", "USD")
PRODUCTS = ("crm", "ats", "forms")
# what a trait may hold although its definition says otherwise
WRONG: tuple[Any, ...] = (
    *(None, "", 5, True, [], {}, "2026-02-30", "0000-01-01", ["crm"], "gold", [5], "2026-13-01"),
    *("2026-03-05T24:00:00Z", "2026-03-05T10:00:00", "2026-03-05T10:00:00.1234567Z"),
    "9999-12-31",
)


def zulu(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


class Dice:
    """Draws values; a third of them missing, some of the traits of the wrong type."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def one(self, values: Sequence[Any]) -> Any:
        return self.random.choice(values)

    def maybe(self, value: Any) -> Any:
        return value if self.random.random() < 2 / 3 else None

    def number(self) -> int:
        return self.random.randint(-3, 3)

    def day(self) -> date:
        """Near today or some years from it; now and then the day that common years have not."""
        if self.random.random() < 0.05:
            return date(2024, 2, 29)
        reach = self.one((4, 4, 100, 500))
        years = self.one((0, 0, 0, 0, -1, -2, -5, 1))
        near: date = NOW.date().replace(year=NOW.year + years)
        return near + timedelta(days=self.random.randint(-reach, reach))

    def instant(self) -> datetime:
        """Often exactly a midnight, or hours from the moment, where bounds are."""
        kind = self.random.random()
        if kind < 0.25:
            return datetime.combine(self.day(), time(), UTC)
        if kind < 0.5:
            return NOW + timedelta(hours=self.random.randint(-3, 3))
        days = self.one((-400, -30, -2, -1, 0, 0, 1, 2, 30))
        return NOW + timedelta(days=days, minutes=self.random.randint(-800, 800))

    def some(self, values: Sequence[Any]) -> list[Any]:
        return self.random.sample(values, self.random.randint(0, len(values)))

    def traits(self) -> dict[str, Any]:
        right = {
            "tier": self.one(("gold", "silver")),
            "motto": self.one(TEXTS),
            "seats": self.one(DECIMALS),
            "budget": self.number(),
            "product_admin": self.one((True, False)),
            "go_live": self.day().isoformat(),
            "last_call": zulu(self.instant()),
            "products": self.some(PRODUCTS),
            "odd.key with dots": self.one(TEXTS),
        }
        found = {key: right[key] for key in self.some(list(right))}
        return {
            key: self.one(WRONG) if self.random.random() < 0.2 else value
            for key, value in found.items()
        }

    def common(self) -> dict[str, Any]:
        return {
            "external_id": self.maybe(self.one(TEXTS)),
            "name": self.maybe(self.one(TEXTS)),
            "created_at": self.instant(),
            "updated_at": self.instant(),
            "traits": self.traits(),
            "deleted_at": self.one((None, None, None, NOW)),
        }

    def money(self) -> dict[str, Any]:
        return {"arr": self.maybe(self.number()), "currency": self.maybe(self.one(CURRENCIES))}

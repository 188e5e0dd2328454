"""Counts as people read them: by label, by bucket, and how often a label was right."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, TypeVar

from accounts_api.signals.score_reasons.written import written

Outcome = Literal["churned", "renewed"]
_K = TypeVar("_K")


@dataclass(frozen=True, slots=True)
class ScoreCount:
    """Records that have the same score, label and currency."""

    score: int | None
    label: str | None
    null_reason: str | None
    currency: str | None
    records: int
    arr: int


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """Accounts that came to the same end and had the same label before it."""

    outcome: Outcome
    label: str | None
    currency: str | None
    accounts: int
    arr: int


@dataclass(slots=True)
class Tally:
    """Records and their ARR, by currency."""

    records: int = 0
    arr: dict[str, int] = field(default_factory=dict)

    def add(self, records: int, currency: str | None, arr: int) -> None:
        self.records += records
        if currency is not None and arr:
            self.arr[currency] = self.arr.get(currency, 0) + arr


def tallied(
    counts: Iterable[ScoreCount], key: Callable[[ScoreCount], _K | None]
) -> dict[_K, Tally]:
    """By what the key says of them; those of which it says None are left out."""
    found: dict[_K, Tally] = defaultdict(Tally)
    for count in counts:
        of = key(count)
        if of is not None:
            found[of].add(count.records, count.currency, count.arr)
    return found


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, in records and in ARR; the shares are None of a whole that is nothing."""

    accounts: int
    of_accounts: int
    share: str | None
    share_of_arr: dict[str, str]


def share_of(counts: Sequence[OutcomeCount], part: Callable[[OutcomeCount], bool]) -> Share:
    some, whole = Tally(), Tally()
    for count in counts:
        whole.add(count.accounts, count.currency, count.arr)
        if part(count):
            some.add(count.accounts, count.currency, count.arr)
    return Share(
        some.records,
        whole.records,
        written(Fraction(some.records, whole.records)) if whole.records else None,
        {
            currency: written(Fraction(some.arr.get(currency, 0), arr))
            for currency, arr in sorted(whole.arr.items())
        },
    )


def by_label(
    counts: Iterable[OutcomeCount],
) -> list[tuple[str | None, Outcome, Tally]]:
    """Those without a label last."""
    found: dict[tuple[str | None, Outcome], Tally] = defaultdict(Tally)
    for count in counts:
        found[count.label, count.outcome].add(count.accounts, count.currency, count.arr)
    order = sorted(found, key=lambda key: (key[0] is None, key[0] or "", key[1]))
    return [(label, outcome, found[label, outcome]) for label, outcome in order]

"""Cases and what they found."""

import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from deploy.bench.load import Load
from deploy.bench.stage import Stage


@dataclass(frozen=True)
class Result:
    """`per_second` is ours, `sql_per_second` the same statements without us; `ratio` of the two."""

    unit: str
    per_second: float
    sql_per_second: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    cpu_ms: float | None = None
    target: str | None = None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        return self.per_second / self.sql_per_second if self.sql_per_second else None

    def as_json(self) -> dict[str, Any]:
        rounded = {
            key: round(value, 3) if isinstance(value, float) else value
            for key, value in {**asdict(self), "ratio": self.ratio}.items()
        }
        return {key: value for key, value in rounded.items() if value not in (None, {})}


@dataclass(frozen=True)
class Case:
    name: str
    run: Callable[[Stage], Awaitable[Result]]


def of_loads(
    loads: Sequence[Load], sql: Sequence[float], *, target: str, unit: str = "requests", **more: Any
) -> Result:
    """The middle of several rounds, taken in turn so that a noisy minute hits both sides."""
    return Result(
        unit=unit,
        per_second=statistics.median(load.per_second for load in loads),
        sql_per_second=statistics.median(sql),
        p50_ms=statistics.median(load.p50_ms for load in loads),
        p95_ms=statistics.median(load.p95_ms for load in loads),
        cpu_ms=statistics.median(load.cpu_ms for load in loads),
        target=target,
        more=more,
    )

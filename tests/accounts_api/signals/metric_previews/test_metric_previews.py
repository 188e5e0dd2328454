"""What a draft comes to over the records there are."""

from datetime import UTC, datetime

from accounts_api.signals.metric_previews.rules import at_rank, one_in, spread
from tests.accounts_api.signals.metrics.making import made
from tests.harness import Tenure

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_a_part_is_looked_at_of_many_and_samples_are_spread() -> None:
    assert [one_in(count) for count in (0, 20_000, 20_001, 100_000)] == [1, 1, 2, 5]
    assert spread(3) == [0, 1, 2]
    assert spread(1_000)[0] == 0
    assert spread(1_000)[-1] == 999
    assert len(set(spread(1_000))) == 20
    assert at_rank([], 50) is None


async def test_a_draft_shows_how_its_values_spread_and_stores_nothing(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    for place in range(11):
        amount = place * 100 if place else None
        await made(ws, "accounts", {"name": f"A{place}", "arr": amount, "currency": "EUR"})
    draft = {"record_type": "account", "numerator": {"source": "field", "field": "arr"}}
    answer = await ws.observer.post("/v1/metrics/preview", draft)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["records"], found["looked_at"], found["with_value"]) == (11, 11, 10)
    assert found["nulls"] == [{"reason": "numerator_missing", "records": 1}]
    ranks = [found[name] for name in ("minimum", "p10", "median", "p90", "maximum")]
    assert ranks == [100, 100, 500, 900, 1000]
    assert [one["name"] for one in found["samples"]] == [f"A{n}" for n in (*range(1, 11), 0)]
    faulty = {**draft, "numerator": {"source": "field", "field": "ar"}}
    refused = await ws.observer.post("/v1/metrics/preview", faulty)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["suggestion"] == "arr"
    assert (await ws.observer.get("/v1/metrics")).json()["data"] == []

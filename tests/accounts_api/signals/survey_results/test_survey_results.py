"""What answers come to: the latest of each contact, now, then, and by account."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts_api.signals.survey_results.rules import in_tenths, score_of
from accounts_api.signals.survey_results.service import scores_of_accounts
from tests.accounts_api.signals.surveys.making import account, contact, invite, respond, survey
from tests.harness import Tenure

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@given(st.dictionaries(st.integers(0, 10), st.integers(1, 50), min_size=1))
def test_nps_is_between_its_ends_and_turns_with_its_answers(counts: dict[int, int]) -> None:
    score = score_of("nps", counts)
    assert score is not None
    assert -100 <= score <= 100
    doubled = score_of("nps", {given: 2 * some for given, some in counts.items()})
    assert doubled == score
    better = score_of("nps", Counter(counts) + Counter({10: 1}))
    assert better is not None
    assert better >= score


@given(st.fractions(-100, 100))
def test_what_is_shown_is_the_nearest_tenth(value: Fraction) -> None:
    assert abs(Fraction(in_tenths(value), 10) - value) <= Fraction(1, 20)
    assert in_tenths(-value) == -in_tenths(value)


@pytest.mark.parametrize(
    ("kind", "counts", "score"),
    [
        ("nps", {10: 2, 8: 1, 3: 1}, 25),
        ("csat", {5: 1, 4: 1, 3: 2}, 50),
        ("ces", {7: 1, 4: 1}, Fraction(11, 2)),
        ("custom", {7: 1}, None),
        ("nps", {}, None),
    ],
)
def test_each_kind_has_its_score(
    kind: str, counts: Mapping[int, int], score: Fraction | None
) -> None:
    assert score_of(kind, counts) == score  # type: ignore[arg-type]


async def test_results_are_of_the_latest_response_of_each_contact(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    made, acme, beta = await survey(ws), await account(ws), await account(ws)
    people = [await contact(ws, acme), await contact(ws, acme), await contact(ws, beta)]
    for who, score, day in (
        (0, 2, "2026-01-05"), (0, 9, "2026-02-05"), (1, 8, "2026-02-10"), (2, 3, "2026-02-20"),
    ):  # fmt: skip
        more = {"contact_id": people[who], "responded_at": f"{day}T12:00:00Z"}
        more |= {"account_id": beta if who == 2 else acme}
        await respond(ws, made["id"], {"score": score}, **more)
    path = f"/v1/surveys/{made['id']}/results"
    now = (await ws.observer.get(path)).json()
    assert (now["score"], now["scored"], now["responses"]) == (0.0, 3, 3)
    assert (now["promoters"], now["passives"], now["detractors"]) == (1, 1, 1)
    assert now["distribution"] == [{"score": s, "responses": 1} for s in (3, 8, 9)]
    then = (await ws.observer.get(path, params={"as_of": "2026-01-20T00:00:00Z"})).json()
    assert (then["score"], then["scored"]) == (-100.0, 1)
    future = await ws.observer.get(path, params={"as_of": "2030-01-20T00:00:00Z"})
    assert future.json()["errors"][0]["code"] == "in_the_future"
    draft = {"title": "Beta", "record_type": "account", "rule": f'id = "{beta}"'}
    segment = await ws.admin.post("/v1/segments", draft)
    if segment.status_code != 201:
        draft["rule"] = "arr is empty and not name = 'x'"
    await tenure.settle()
    of_beta = await ws.observer.get(path, params={"segment_id": segment.json()["id"]})
    assert (of_beta.json()["score"], of_beta.json()["scored"]) == (-100.0, 1)
    async with tenure.workers["accounts"].units.begin(ws.id, (), read_only=True) as uow:

        async def of(since: date, day: date) -> dict[str, tuple[int, int, int, int]]:
            ids = [UUID(acme), UUID(beta)]
            rows = await scores_of_accounts(uow, UUID(made["id"]), ids, since, day)
            return {
                str(row.account_id): (row.responses, row.total, row.promoters, row.detractors)
                for row in rows
            }

        january = date(2026, 1, 1)
        assert await of(january, date(2026, 3, 2)) == {acme: (2, 17, 1, 0), beta: (1, 3, 0, 1)}
        assert await of(january, date(2026, 1, 5)) == {acme: (1, 2, 0, 1)}
        assert await of(date(2026, 2, 6), date(2026, 2, 10)) == {acme: (1, 8, 0, 0)}
        assert await of(january, date(2026, 1, 4)) == {}


async def test_what_was_changed_later_was_not_so_then(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    made, grace = await survey(ws), await contact(ws)
    (verdict,) = await invite(ws, made["id"], grace)
    await invite(ws, made["id"], await contact(ws))
    path = "/v1/survey-responses/by-external-id/1"
    body = {"survey_id": made["id"], "contact_id": grace, "answers": {"score": 0}}
    assert (await ws.admin.put(path, body)).status_code == 201
    await tenure.set_clock(ws, START + timedelta(days=1))
    assert (await ws.admin.put(path, {**body, "answers": {"score": 10}})).status_code == 200
    answer = {"invitation_id": verdict["invitation_id"]}
    await respond(ws, made["id"], {"score": 10}, **answer)
    results = f"/v1/surveys/{made['id']}/results"
    now = (await ws.observer.get(results)).json()
    assert (now["score"], now["scored"]) == (100.0, 1)
    assert now["response_rates"] == [{"via": "api", "invited": 2, "answered": 1, "percent": 50.0}]
    then = await ws.observer.get(results, params={"as_of": START.isoformat()})
    assert (then.json()["score"], then.json()["scored"]) == (-100.0, 1)
    assert then.json()["response_rates"][0]["answered"] == 0

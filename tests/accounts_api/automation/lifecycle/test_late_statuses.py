"""Statuses that follow late facts: periods, lists and single reads tell one past."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts_api.automation.corrections import walking
from tests.accounts_api.records.making import bulk, make, make_trait
from tests.harness import Tenure, Workspace

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
STATUSES = ("subscribed", "trial", "churned")


async def rule(ws: Workspace, status: str, text: str, since_field: str | None) -> None:
    body = {"title": status, "status": status, "rule": text, "since_field": since_field}
    made = await ws.admin.post("/v1/lifecycle-rules", body)
    assert made.status_code == 201, made.text


async def test_periods_lists_and_records_tell_one_past(
    tenure: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In pieces of a few instants, some of which end before the change that asked for them."""
    monkeypatch.setattr(walking, "INSTANTS", 5)
    draw = random.Random(11)
    ws = await tenure.workspace()
    await make_trait(ws, "account", "gone", "date")
    await rule(ws, "churned", "traits.gone is past", "traits.gone")
    await rule(ws, "trial", "arr = 1", None)
    made = [await make(ws, "accounts", {"name": name, "arr": 5}) for name in "AB"]
    await tenure.settle()
    for day in range(1, 25):
        now = START + timedelta(days=day)
        await tenure.set_clock(ws, now)
        since = START + timedelta(hours=draw.randrange(0, 24 * day))
        gone = (START + timedelta(days=draw.randrange(day + 5))).date().isoformat()
        fields: dict[str, Any] = {"arr": draw.choice([1, 2])}
        if draw.random() < 0.4:
            fields["traits"] = {"gone": draw.choice([gone, None])}
        late = {"effective_at": since.isoformat()} if draw.random() < 0.6 else {}
        row = {"id": draw.choice(made)["id"], **fields, **late}
        (result,) = await bulk(ws, "accounts", [row])
        assert result["status"] != "rejected", result
        await tenure.settle()
    for hours in range(0, 24 * 24, 31):
        when = START + timedelta(hours=hours)
        by_status = {status: await having(ws, status, when) for status in STATUSES}
        for account in made:
            path = f"/v1/accounts/{account['id']}"
            one = (await ws.observer.get(path, params={"as_of": when.isoformat()})).json()
            explained = await ws.observer.get(
                "/v1/lifecycle-rules/explain", params={"account_id": account["id"]}
            )
            held = [
                period["status"]
                for period in explained.json()["status_periods"]
                if lasts(period["started_at"], period["ended_at"], when)
            ]
            listed = [name for name, ids in by_status.items() if account["id"] in ids]
            assert held == listed == [one["lifecycle_status"]], (when, explained.json())


async def having(ws: Workspace, status: str, when: datetime) -> list[str]:
    params = {"filter": f'lifecycle_status = "{status}"', "as_of": when.isoformat()}
    return [
        row["id"] for row in (await ws.observer.get("/v1/accounts", params=params)).json()["data"]
    ]


def lasts(began: str, ended: str | None, when: datetime) -> bool:
    since = datetime.fromisoformat(began) <= when
    return since and (ended is None or when < datetime.fromisoformat(ended))

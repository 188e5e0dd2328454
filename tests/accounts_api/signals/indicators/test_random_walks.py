"""Whoever acts and whatever comes to hold: of one cause a record has one live indicator, and every
step is a legal one that the history has.
"""

import asyncio
from collections import Counter
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from accounts_api.signals.indicators.rules import after, may
from tests.accounts_api.customers.key_roles.making import account
from tests.accounts_api.signals.indicators.making import definition
from tests.harness import Tenure, Workspace

STEPS = 12
AT_ONCE = 6


async def live(tenure: Tenure, ws: Workspace) -> list[dict[str, Any]]:
    return await rows(tenure, ws, "select * from indicators where workspace_id = :w")


async def rows(tenure: Tenure, ws: Workspace, statement: str) -> list[dict[str, Any]]:
    async with tenure.workers["accounts"].units.begin(ws.id, (), read_only=True) as uow:
        found = await uow.connection.execute(text(statement), {"w": ws.id})
        return [dict(row._mapping) for row in found]


async def act(ws: Workspace, dice: Random, accounts: list[str], known: list[str]) -> int:
    """One random request; its status."""
    client, account_id = ws.team_member, dice.choice(accounts)
    actions: dict[str, Any] = {
        "address": {"note": "Done"},
        "silence": {"until": f"2026-03-{dice.randint(3, 28):02}T09:00:00Z"},
        "clear": {},
        "reassign": {"owner_id": dice.choice([None, ws.details["admin_id"]])},
    }
    match dice.choice(("flip", "flip", "open", "act", "act", "act")):
        case "flip":
            country = {"country": dice.choice(("FR", "DE"))}
            return (await ws.admin.patch(f"/v1/accounts/{account_id}", country)).status_code
        case "open":
            cause = dice.choice((None, "rival"))
            body = {"definition_id": "sign", "record_id": account_id, "cause": cause}
            return (await client.post("/v1/indicators", body)).status_code
        case _ if known:
            action = dice.choice([*actions])
            path = f"/v1/indicators/{dice.choice(known)}/{action}"
            return (await client.post(path, actions[action])).status_code
        case _:
            return 200


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_every_walk_is_legal_and_no_cause_has_two(tenure: Tenure, seed: int) -> None:
    ws = await tenure.workspace()
    dice = Random(seed)
    await definition(ws, "Sign", rule='country = "FR"', reopen_after_days=dice.choice((None, 5)))
    accounts = [await account(ws, f"A{n}", country="DE") for n in range(3)]
    await tenure.settle()
    for _ in range(STEPS):
        known = [str(row["id"]) for row in await live(tenure, ws)]
        asked = [act(ws, dice, accounts, known) for _ in range(AT_ONCE)]
        await asyncio.gather(*asked)
        if dice.random() < 0.3:
            day = dice.randint(2, 27)
            clock = {"frozen_at": f"2026-03-{day:02}T10:00:00Z"}
            await ws.admin.put("/v1/workspace/clock", clock)
        await tenure.settle()
        await must_be_sound(tenure, ws)
    # What was done step by step is what a look at every record finds right.
    await ws.admin.post("/v1/indicator-definitions/sign/recheck")
    await tenure.settle()
    shown = (await ws.observer.get("/v1/indicator-definitions/sign")).json()
    assert (shown["progress"]["state"], shown["progress"]["drift"]) == ("done", 0)


async def must_be_sound(tenure: Tenure, ws: Workspace) -> None:
    found = await live(tenure, ws)
    causes = Counter(
        (row["definition_id"], row["record_id"], row["cause"])
        for row in found
        if row["state"] != "cleared"
    )
    assert [cause for cause, count in causes.items() if count > 1] == []
    changes = await rows(
        tenure,
        ws,
        "select * from indicator_changes where workspace_id = :w order by indicator_id, version",
    )
    walks: dict[Any, list[dict[str, Any]]] = {}
    for change in changes:
        walks.setdefault(change["indicator_id"], []).append(change)
    assert set(walks) == {row["id"] for row in found}
    for row in found:
        walk = walks[row["id"]]
        assert [step["version"] for step in walk] == [*range(1, row["version"] + 1)]
        assert (walk[0]["change"], walk[0]["state"]) == ("opened", "open")
        for before, step in pairwise(walk):
            assert may(step["change"], before["state"]), (before, step)
            assert step["state"] == after(step["change"], before["state"])
        assert walk[-1]["state"] == row["state"]
    counted = await rows(
        tenure, ws, "select record_id, risks from indicator_counts where workspace_id = :w"
    )
    wanted = Counter(row["record_id"] for row in found if row["state"] == "open")
    assert {row["record_id"]: row["risks"] for row in counted if row["risks"]} == dict(wanted)
    facts = await rows(tenure, ws, "select id, country from accounts where workspace_id = :w")
    french = {row["id"] for row in facts if row["country"] == "FR"}
    with_own = {
        row["record_id"] for row in found if row["state"] != "cleared" and row["cause"] == "sign"
    }
    by_rule = {
        row["record_id"]
        for row in found
        if row["state"] != "cleared" and row["opened_by"] == "rule"
    }
    assert french <= with_own
    assert by_rule <= french

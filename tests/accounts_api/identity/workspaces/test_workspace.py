from datetime import UTC, datetime, timedelta

import pytest

from accounts_api.identity.workspaces.rules import merge_patch
from tests.harness import Tenure

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


async def test_a_new_workspace_answers_its_four_roles(tenure: Tenure) -> None:
    ws = await tenure.workspace("Northwind")
    for client in (ws.admin, ws.leader, ws.team_member, ws.observer):
        answer = await client.get("/v1/workspace")
        assert answer.status_code == 200, answer.text
        assert answer.json()["id"] == str(ws.id)


async def test_settings_are_merged_and_null_restores_the_default(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    given = {"settings": {"fiscal_year_start_month": 2, "support_contact": "ops@example.com"}}
    changed = await ws.admin.patch("/v1/workspace", given)
    assert changed.status_code == 200, changed.text
    assert changed.json()["settings"] == {
        "fiscal_year_start_month": 2,
        "support_contact": "ops@example.com",
        "seat_limit": None,
        "holds": {"sending": False},
        "features": {"surveys": True},
    }
    held = {"settings": {"fiscal_year_start_month": None, "holds": {"sending": True}}}
    settings = (await ws.admin.patch("/v1/workspace", held)).json()["settings"]
    assert settings["fiscal_year_start_month"] == 1
    assert settings["support_contact"] == "ops@example.com"
    assert settings["holds"] == {"sending": True}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"settings": {"fiscal_year_start_month": 13}}, "/settings/fiscal_year_start_month"),
        ({"settings": {"moon_phase": "full"}}, "/settings/moon_phase"),
        ({"settings": {"working_days": ["sunday"]}}, "/settings/working_days"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"currency": "euro"}, "/currency"),
        ({"name": None}, "/name"),
        ({"sandbox": True}, "/sandbox"),
        ({"frozen_at": "2030-01-01T00:00:00Z"}, "/frozen_at"),
    ],
)
async def test_a_wrong_setting_is_pointed_at(
    tenure: Tenure, body: dict[str, object], pointer: str
) -> None:
    ws = await tenure.workspace()
    before = (await ws.admin.get("/v1/workspace")).json()
    refused = await ws.admin.patch("/v1/workspace", body)
    assert refused.status_code == 422
    assert pointer in [error["pointer"] for error in refused.json()["errors"]]
    assert (await ws.admin.get("/v1/workspace")).json() == before


async def test_an_edit_of_an_old_version_is_refused(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    tag = (await ws.admin.get("/v1/workspace")).headers["etag"]
    first = await ws.admin.patch("/v1/workspace", {"name": "Contoso"}, if_match=tag)
    assert first.status_code == 200
    second = await ws.admin.patch("/v1/workspace", {"name": "Fabrikam"}, if_match=tag)
    assert second.status_code == 412
    assert second.json()["current_version"] == 2
    without = await ws.admin.patch("/v1/workspace", {"name": "Fabrikam"}, if_match=None)
    assert without.status_code == 428


async def test_other_services_hear_of_the_new_clock_and_zone(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    await ws.admin.patch("/v1/workspace", {"time_zone": "Europe/Berlin"})
    later = START + timedelta(days=3)
    await tenure.set_clock(ws, later)
    for name in ("tasks", "sequencer", "sync"):
        async with tenure.workers[name].units.begin(ws.id, ()) as uow:
            assert await uow.now() == later
            assert str(await uow.zone()) == "Europe/Berlin"


async def test_a_clock_only_moves_forward(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    back = {"frozen_at": (START - timedelta(seconds=1)).isoformat()}
    refused = await ws.admin.put("/v1/workspace/clock", back)
    assert refused.status_code == 409
    assert refused.json()["code"] == "clock_moves_forward"
    same = await ws.admin.put("/v1/workspace/clock", {"frozen_at": START.isoformat()})
    assert same.status_code == 200
    assert (await ws.admin.get("/v1/workspace")).json()["version"] == 1


async def test_a_clock_ahead_of_the_world_cannot_run_again(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=datetime(2199, 1, 1, tzinfo=UTC))
    refused = await ws.admin.put("/v1/workspace/clock", {"frozen_at": None})
    assert refused.status_code == 409
    behind = await tenure.workspace(frozen_at=datetime(2001, 1, 1, tzinfo=UTC))
    release = await behind.admin.put("/v1/workspace/clock", {"frozen_at": None})
    assert release.status_code == 200
    assert release.json()["frozen_at"] is None
    assert datetime.fromisoformat(release.json()["now"]).year > 2001


async def test_only_a_sandbox_has_a_clock_to_set(tenure: Tenure) -> None:
    ws = await tenure.workspace(sandbox=False, frozen_at=None)
    refused = await ws.admin.put("/v1/workspace/clock", {"frozen_at": "2199-01-01T00:00:00Z"})
    assert refused.status_code == 409
    assert refused.json()["code"] == "not_a_sandbox"


async def test_each_service_says_how_far_it_is(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    token = {"authorization": f"Bearer {ws.keys['observer']}"}
    for name, url in tenure.urls.items():
        client = tenure.client(**token)
        answer = await client.http.get(f"{url}/v1/status")
        assert answer.status_code == 200, answer.text
        status = answer.json()
        assert status["service"] == name
        assert datetime.fromisoformat(status["now"]) == START
        assert set(status["due_work"].values()) == {0}
        assert status["feed"]["dead_events"] == 0
        assert "last_error" not in answer.text


async def test_changes_of_settings_are_in_the_audit_log(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    await ws.admin.patch("/v1/workspace", {"currency": "EUR"})
    entry = (await ws.admin.get("/v1/audit-log?limit=1")).json()["data"][0]
    assert entry["action"] == "workspace.updated"
    assert (entry["before"], entry["after"]) == ({"currency": "USD"}, {"currency": "EUR"})
    assert entry["actor_type"] == "member"
    assert entry["actor_id"] == ws.details["admin_id"]
    assert [link["type"] for link in entry["cause"]] == ["member", "api_key"]


async def test_who_is_refused_learns_whom_to_ask(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    plain = await ws.observer.post("/v1/members", {})
    assert (plain.status_code, plain.json()["support_contact"]) == (403, None)
    asked = "the CS ops desk (ops@example.com)"
    await ws.admin.patch("/v1/workspace", {"settings": {"support_contact": asked}})
    for app in tenure.apps.values():
        app.state.authenticate.forget()
    refused = await ws.observer.post("/v1/tasks", {})
    assert refused.json()["support_contact"] == asked
    assert asked in refused.json()["detail"]


@pytest.mark.parametrize(
    ("target", "patch", "merged"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_is_rfc_7396(target: object, patch: object, merged: object) -> None:
    assert merge_patch(target, patch) == merged

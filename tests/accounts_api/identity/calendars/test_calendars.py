from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.harness import Tenure, Workspace

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOURS = [{"start": "09:00", "end": "17:00"}]
MUNICH: dict[str, Any] = {
    "title": "Munich office",
    "time_zone": "Europe/Berlin",
    "working_hours": {
        "monday": [{"start": "09:00", "end": "12:00"}, {"start": "13:00", "end": "18:00"}],
        "friday": HOURS,
        "sunday": [],
    },
    "country": "Germany",
    "subdivision": "BY",
    "closed_days": [
        {"date": "2026-12-28", "title": "Between the years"},
        {"date": "2026-12-24", "title": "Christmas Eve"},
    ],
    "extra_working_days": [{"date": "2026-12-19", "title": "Year-end closing"}],
}


@pytest.fixture(scope="module")
async def ws(tenure: Tenure) -> Workspace:
    return await tenure.workspace()


async def make(ws: Workspace, **given: Any) -> dict[str, Any]:
    answer = await ws.admin.post("/v1/calendars", {"title": "Office", **given})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_every_workspace_has_a_default_calendar_from_the_beginning(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    [found] = (await ws.observer.get("/v1/calendars")).json()["data"]
    assert (found["key"], found["default"], found["country"]) == ("default", True, None)
    assert list(found["working_hours"]) == ["monday", "tuesday", "wednesday", "thursday", "friday"]
    assert found["working_hours"]["monday"] == HOURS
    refused = await ws.admin.delete("/v1/calendars/default", if_match='"v1"')
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert [usage["type"] for usage in refused.json()["usages"]] == ["workspace"]


async def test_a_calendar_is_kept_as_it_counts_and_found_by_its_key(ws: Workspace) -> None:
    made = await make(ws, **MUNICH)
    assert (made["key"], made["country"], made["default"]) == ("munich_office", "DE", False)
    assert list(made["working_hours"]) == ["monday", "friday"]
    assert [day["date"] for day in made["closed_days"]] == ["2026-12-24", "2026-12-28"]
    for named in (made["id"], "munich_office"):
        assert (await ws.observer.get(f"/v1/calendars/{named}")).json() == made
    second = await make(ws, **MUNICH)
    assert second["key"] == "munich_office_2"
    taken = await ws.admin.post("/v1/calendars", {**MUNICH, "key": "munich_office"})
    assert (taken.status_code, taken.json()["code"]) == (409, "key_taken")
    week = {"working_hours": {"friday": None, "tuesday": HOURS}}
    path = f"/v1/calendars/{second['key']}"
    changed = await ws.admin.patch(path, week, if_match='"v1"')
    assert list(changed.json()["working_hours"]) == ["monday", "tuesday"]
    stale = await ws.admin.patch(path, {"title": "Office"}, if_match='"v1"')
    assert stale.status_code == 412
    same = await ws.admin.patch(path, week, if_match='"v2"')
    assert same.json() == changed.json()


@pytest.mark.parametrize(
    ("given", "pointer", "code"),
    [
        ({"working_hours": {}}, "/working_hours", "no_working_day"),
        ({"working_hours": {"monday": []}}, "/working_hours", "no_working_day"),
        (
            {"working_hours": {"monday": [{"start": "12:00", "end": "09:00"}]}},
            "/working_hours/monday/0/end",
            "ends_before_start",
        ),
        (
            {"working_hours": {"monday": [*HOURS, {"start": "16:00", "end": "24:00"}]}},
            "/working_hours/monday/1/start",
            "hours_overlap",
        ),
        ({"country": "Narnia"}, "/country", "unknown_country"),
        ({"country": "DE", "subdivision": "ZZ"}, "/subdivision", "unknown_subdivision"),
        ({"subdivision": "BY"}, "/subdivision", "unknown_subdivision"),
        ({"default": True, "time_zone": "Asia/Tokyo"}, "/time_zone", "zone_of_workspace"),
        (
            {
                "closed_days": [{"date": "2026-12-24", "title": "A"}],
                "extra_working_days": [{"date": "2026-12-24", "title": "B"}],
            },
            "/extra_working_days/0/date",
            "repeated_day",
        ),
        (
            {"extra_working_days": [{"date": "2026-12-24", "title": "B", "working_hours": []}]},
            "/extra_working_days/0/working_hours",
            "no_hours",
        ),
    ],
)
async def test_a_calendar_that_makes_no_sense_is_pointed_at(
    ws: Workspace, given: dict[str, Any], pointer: str, code: str
) -> None:
    refused = await ws.admin.post("/v1/calendars", {"title": "Odd", **given})
    assert refused.status_code == 422, refused.text
    faults = [(fault["pointer"], fault["code"]) for fault in refused.json()["errors"]]
    assert (pointer, code) in faults


async def test_there_is_one_default_at_a_time(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await make(ws, key="new_one")
    off = await ws.admin.patch("/v1/calendars/default", {"default": False})
    assert off.json()["errors"][0]["code"] == "default_needed"
    changed = await ws.admin.patch("/v1/calendars/new_one", {"default": True})
    assert changed.json()["default"] is True
    listed = (await ws.admin.get("/v1/calendars")).json()["data"]
    assert [one["id"] for one in listed if one["default"]] == [made["id"]]
    assert (await ws.admin.delete("/v1/calendars/default")).status_code == 204
    assert (await ws.admin.get("/v1/calendars/default")).status_code == 404


async def test_who_works_by_a_calendar_keeps_it_from_being_deleted(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await make(ws, key="night_shift")
    member = ws.details["observer_id"]
    path = f"/v1/members/{member}"
    nobody = await ws.admin.patch(path, {"calendar_id": "no_such"})
    assert nobody.status_code == 422
    assert nobody.json()["errors"][0] | {"message": ""} == {
        "pointer": "/calendar_id",
        "code": "unknown_calendar",
        "message": "",
    }
    given = await ws.admin.patch(path, {"calendar_id": "night_shift"})
    assert given.json()["calendar_id"] == made["id"]
    usages = (await ws.admin.get("/v1/calendars/night_shift/usages")).json()["usages"]
    assert [(usage["type"], usage["id"]) for usage in usages] == [("member", str(member))]
    refused = await ws.admin.delete("/v1/calendars/night_shift")
    assert (refused.status_code, refused.json()["usages"]) == (409, usages)
    assert (await ws.admin.patch(path, {"calendar_id": None})).json()["calendar_id"] is None
    assert (await ws.admin.delete("/v1/calendars/night_shift")).status_code == 204
    gone = await ws.admin.get(f"/v1/calendars/{made['id']}")
    assert (gone.status_code, gone.json()["code"]) == (404, "calendar_not_found")


async def test_a_former_key_leads_there_for_ninety_days_and_is_free_again_then(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace(frozen_at=START)
    made = await make(ws, key="old_name")
    renamed = await ws.admin.post("/v1/calendars/old_name/rename", {"key": "new_name"})
    assert (renamed.status_code, renamed.json()["key"]) == (200, "new_name"), renamed.text
    for key in ("old_name", "new_name"):
        assert (await ws.admin.get(f"/v1/calendars/{key}")).json()["id"] == made["id"]
    taken = await ws.admin.post("/v1/calendars", {"title": "Other", "key": "old_name"})
    assert (taken.status_code, taken.json()["holder_id"]) == (409, made["id"])
    assert (await make(ws, title="Old name"))["key"] == "old_name_2"
    back = await ws.admin.post("/v1/calendars/new_name/rename", {"key": "old_name"})
    assert back.json()["key"] == "old_name"
    away = await ws.admin.post("/v1/calendars/old_name/rename", {"key": "last_name"})
    assert away.status_code == 200
    await tenure.set_clock(ws, START + timedelta(days=90))
    assert (await ws.admin.get("/v1/calendars/old_name")).status_code == 404
    other = await make(ws, key="old_name")
    assert (await ws.admin.get("/v1/calendars/old_name")).json()["id"] == other["id"]


async def test_adding_says_where_time_leads_and_what_was_passed_over(ws: Workspace) -> None:
    await make(ws, key="bavaria", **{**MUNICH, "title": "Bavaria"})
    body = {"from": "2026-12-18T12:00:00Z", "amount": 2, "unit": "business_days"}
    answer = await ws.observer.post("/v1/calendars/bavaria/add", body)
    assert answer.status_code == 200, answer.text
    added = answer.json()
    # Friday; the Saturday is worked, Sunday is not, and Monday is.
    assert (added["at"], added["local"]) == ("2026-12-21T12:00:00Z", "2026-12-21T13:00:00+01:00")
    assert added["time_zone"] == "Europe/Berlin"
    assert [day["title"] for day in added["skipped_days"]] == ["Sunday"]
    far = await ws.observer.post(
        "/v1/calendars/bavaria/add", {**body, "from": "2026-12-21T12:00:00Z"}
    )
    reasons = {day["date"]: (day["reason"], day["title"]) for day in far.json()["skipped_days"]}
    assert reasons["2026-12-25"] == ("public_holiday", "Christmas Day")
    assert reasons["2026-12-28"] == ("closed_day", "Between the years")
    assert far.json()["at"] == "2027-01-08T12:00:00Z"
    plain = {"from": "2026-12-18T12:00:00Z", "amount": 90, "unit": "minutes"}
    added = (await ws.observer.post("/v1/calendars/bavaria/add", plain)).json()
    assert (added["at"], added["skipped_days"]) == ("2026-12-18T13:30:00Z", [])
    beyond = {"from": "2199-12-18T12:00:00Z", "amount": 10_000, "unit": "business_days"}
    refused = await ws.observer.post("/v1/calendars/bavaria/add", beyond)
    assert refused.json()["errors"][0]["code"] == "beyond_calendar"

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.accounts_api.identity.members.making import key_with
from tests.harness import Client, Tenure


async def add(client: Client, **given: Any) -> dict[str, Any]:
    body = {"full_name": "Grace Hopper", "email": f"{uuid4().hex}@example.com", **given}
    answer = await client.post("/v1/members", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def test_a_member_is_an_observer_unless_said_otherwise(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await add(ws.admin, time_zone="Asia/Tokyo")
    assert made["role"] == "observer"
    read = await ws.observer.get(f"/v1/members/{made['id']}")
    assert read.json() == made
    assert read.headers["etag"] == '"v1"'


async def test_an_email_address_is_one_person_in_any_case(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await add(ws.admin, email="Grace@Example.com")
    taken = await ws.admin.post("/v1/members", {"full_name": "G", "email": "gRACE@example.COM"})
    assert await code_of(taken) == (409, "email_taken")
    found = (await ws.admin.get("/v1/members?email=GRACE@EXAMPLE.COM")).json()["data"]
    assert [member["id"] for member in found] == [made["id"]]
    elsewhere = await tenure.workspace()
    await add(elsewhere.admin, email="Grace@Example.com")


async def test_twenty_people_with_one_address_become_one_member(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    body = {"full_name": "Grace", "email": "grace@example.com"}
    answers = await asyncio.gather(*(ws.admin.post("/v1/members", body) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19


async def test_the_list_pages_by_name_without_gaps(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    for number in range(7):
        await add(ws.admin, full_name=f"Same Name {number // 3}")
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await ws.observer.get(f"/v1/members?limit=2{cursor}")).json()
        seen += [member["id"] for member in page["data"]]
        if not page["has_more"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
    everyone = (await ws.observer.get("/v1/members")).json()["data"]
    assert seen == [member["id"] for member in everyone]
    assert len(set(seen)) == 9


async def test_a_cursor_serves_no_other_list_and_no_other_workspace(tenure: Tenure) -> None:
    ws, other = await tenure.workspace(), await tenure.workspace()
    cursor = (await ws.admin.get("/v1/members?limit=1")).json()["next_cursor"]
    for client, query in ((other.admin, ""), (ws.admin, "&role=admin")):
        refused = await client.get(f"/v1/members?limit=1&cursor={cursor}{query}")
        assert refused.status_code == 400


async def test_an_edit_names_the_version_it_edits(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await add(ws.admin)
    path = f"/v1/members/{made['id']}"
    changed = await ws.admin.patch(path, {"full_name": "Rear Admiral"}, if_match='"v1"')
    assert (changed.json()["full_name"], changed.headers["etag"]) == ("Rear Admiral", '"v2"')
    assert changed.json()["updated_at"] > made["updated_at"]
    late = await ws.admin.patch(path, {"full_name": "Amazing"}, if_match='"v1"')
    assert late.status_code == 412
    nothing = await ws.admin.patch(path, {"full_name": "Rear Admiral"}, if_match='"v2"')
    assert nothing.json()["version"] == 2


async def test_the_last_admin_stays_admin(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    path = f"/v1/members/{ws.details['admin_id']}"
    demoted = await ws.admin.patch(path, {"role": "leader"})
    assert await code_of(demoted) == (409, "last_admin")
    ended = await ws.admin.post(f"{path}/deactivate")
    assert await code_of(ended) == (409, "last_admin")


async def test_two_admins_who_demote_each_other_leave_one(tenure: Tenure) -> None:
    for _ in range(5):
        ws = await tenure.workspace()
        second = await add(ws.admin, role="admin")
        answers = await asyncio.gather(
            ws.service.patch(f"/v1/members/{ws.details['admin_id']}", {"role": "observer"}),
            ws.service.patch(f"/v1/members/{second['id']}", {"role": "observer"}),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        admins = (await ws.observer.get("/v1/members?role=admin&active=true")).json()["data"]
        assert len(admins) == 1


async def test_paid_roles_take_seats_and_observers_do_not(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await ws.admin.patch("/v1/workspace", {"settings": {"seat_limit": 2}})
    paid = await add(ws.admin, role="leader")
    full = await ws.admin.post(
        "/v1/members", {"full_name": "One Too Many", "email": "x@example.com", "role": "leader"}
    )
    assert await code_of(full) == (409, "seat_limit")
    assert (full.json()["seat_limit"], full.json()["seats_taken"]) == (2, 2)
    free = await add(ws.admin)
    promoted = await ws.admin.patch(f"/v1/members/{free['id']}", {"role": "team_member"})
    assert await code_of(promoted) == (409, "seat_limit")
    other_role = await ws.admin.patch(f"/v1/members/{paid['id']}", {"role": "team_member"})
    assert other_role.status_code == 200
    await ws.admin.post(f"/v1/members/{paid['id']}/deactivate")
    promoted = await ws.admin.patch(f"/v1/members/{free['id']}", {"role": "team_member"})
    assert promoted.status_code == 200
    back = await ws.admin.post(f"/v1/members/{paid['id']}/reactivate")
    assert await code_of(back) == (409, "seat_limit")


async def test_a_rush_for_the_last_seat_has_one_winner(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await ws.admin.patch("/v1/workspace", {"settings": {"seat_limit": 2}})
    bodies = [
        {"full_name": "Runner", "email": f"runner{n}@example.com", "role": "team_member"}
        for n in range(8)
    ]
    answers = await asyncio.gather(*(ws.admin.post("/v1/members", body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


async def test_nobody_grants_a_role_beyond_their_own(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    narrow = await key_with(ws, tenure, role="admin", scopes=["members:read", "members:write"])
    for role in ("admin", "leader", "team_member"):
        body = {"full_name": "Puppet", "email": f"{role}@example.com", "role": role}
        refused = await narrow.post("/v1/members", body)
        assert await code_of(refused) == (403, "role_beyond_own")
    observer = await add(narrow)
    raised = await narrow.patch(f"/v1/members/{observer['id']}", {"role": "admin"})
    assert await code_of(raised) == (403, "role_beyond_own")
    upserted = await narrow.put(
        "/v1/members/by-external-id/005X",
        {"full_name": "Puppet", "email": "puppet@example.com", "role": "admin"},
    )
    assert await code_of(upserted) == (403, "role_beyond_own")


async def test_who_leaves_takes_no_key_along(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    member = await add(ws.admin, role="leader")
    own = await key_with(ws, tenure, member_id=member["id"])
    assert (await own.get("/v1/members")).status_code == 200
    await ws.admin.post(f"/v1/members/{member['id']}/deactivate")
    tenure.apps["accounts"].state.authenticate.forget()
    assert (await own.get("/v1/members")).status_code == 401
    keys = (await ws.admin.get(f"/v1/api-keys?member_id={member['id']}")).json()["data"]
    assert all(key["revoked_at"] for key in keys)
    await ws.admin.post(f"/v1/members/{member['id']}/reactivate")
    tenure.apps["accounts"].state.authenticate.forget()
    assert (await own.get("/v1/members")).status_code == 401
    actions = [entry["action"] for entry in (await ws.admin.get("/v1/audit-log")).json()["data"]]
    assert actions[:3] == ["member.reactivated", "api_key.revoked", "member.deactivated"]


async def test_an_upsert_makes_an_observer_once(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    path = "/v1/members/by-external-id/0055g00000AbCdE"
    body = {"full_name": "Grace Hopper", "email": "grace@example.com"}
    first = await ws.service.put(path, body)
    assert (first.status_code, first.json()["role"]) == (201, "observer")
    again = await ws.service.put(path, body)
    assert (again.status_code, again.json()) == (200, first.json())
    await ws.admin.patch(f"/v1/members/{first.json()['id']}", {"role": "leader"})
    renamed = await ws.service.put(path, {**body, "full_name": "Rear Admiral Hopper"})
    assert (renamed.json()["role"], renamed.json()["version"]) == ("leader", 3)
    moved = await ws.service.put(path, {"time_zone": "Asia/Tokyo"})
    assert moved.json()["full_name"] == "Rear Admiral Hopper", "what is left out stays"
    unknown = await ws.service.put("/v1/members/by-external-id/005N", {"active": True})
    assert unknown.status_code == 422
    assert [fault["pointer"] for fault in unknown.json()["errors"]] == ["/full_name", "/email"]


async def test_an_upsert_knows_a_person_by_their_address(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    body = {"full_name": "Ada Lovelace", "email": "ADMIN@example.com"}
    linked = await ws.service.put("/v1/members/by-external-id/005A", body)
    assert linked.status_code == 200
    assert linked.json()["id"] == ws.details["admin_id"]
    assert (linked.json()["external_id"], linked.json()["role"]) == ("005A", "admin")
    other = await ws.service.put("/v1/members/by-external-id/005B", body)
    assert await code_of(other) == (409, "email_taken")


async def test_twenty_upserts_of_one_id_make_one_member(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    body = {"full_name": "Grace", "email": "grace@example.com"}
    path = "/v1/members/by-external-id/005R"
    answers = await asyncio.gather(*(ws.service.put(path, body) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]


async def test_an_upsert_of_someone_who_left_ends_their_access(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    body = {"full_name": "Grace", "email": "grace@example.com"}
    path = "/v1/members/by-external-id/005L"
    await ws.service.put(path, body)
    left = await ws.service.put(path, {**body, "active": False})
    assert left.json()["active"] is False
    unsaid = await ws.service.put(path, body)
    assert unsaid.json()["active"] is False


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"full_name": "", "email": "a@example.com"}, "/full_name"),
        ({"full_name": "A", "email": "no address"}, "/email"),
        ({"full_name": "A", "email": "a@example.com", "role": "owner"}, "/role"),
        ({"full_name": "A", "email": "a@example.com", "time_zone": "CEST"}, "/time_zone"),
        ({"full_name": "A", "email": "a@example.com", "version": 7}, "/version"),
        ({"full_name": "A", "email": "a@example.com", "workspace_id": "x"}, "/workspace_id"),
        ({"email": "a@example.com"}, "/full_name"),
    ],
)
async def test_a_wrong_member_is_pointed_at(
    tenure: Tenure, body: dict[str, Any], pointer: str
) -> None:
    ws = await tenure.workspace()
    refused = await ws.admin.post("/v1/members", body)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert len((await ws.admin.get("/v1/members")).json()["data"]) == 2

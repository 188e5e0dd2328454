import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shared.api_keys import is_whole, key_digest, make_key
from shared.auth import GRANTS
from shared.clock import utc_now
from shared.ids import new_id
from shared.web.callers import WRONG_CREDENTIALS_PER_MINUTE
from tests.harness import Client, Tenure, Workspace


async def make(ws: Workspace, **given: Any) -> dict[str, Any]:
    answer = await ws.admin.post("/v1/api-keys", {"name": "Export", "role": "observer", **given})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def client(tenure: Tenure, secret: str) -> Client:
    return tenure.client(authorization=f"Bearer {secret}")


def forget(tenure: Tenure) -> None:
    """What five seconds would do."""
    for app in tenure.apps.values():
        app.state.authenticate.forget()


async def works(tenure: Tenure, secret: str, path: str = "/v1/members") -> bool:
    forget(tenure)
    return (await client(tenure, secret).get(path)).status_code == 200


async def scalar(tenure: Tenure, statement: str, **given: Any) -> Any:
    async with tenure.workers["accounts"].units.across_workspaces() as scope:
        return (await scope.connection.execute(text(statement), given)).scalar_one()


def test_a_key_is_recognised_and_checked_by_its_shape() -> None:
    key_id = new_id()
    made = make_key(key_id)
    assert made.secret.startswith(f"tnr_live_{key_id.hex[-12:]}_")
    assert made.digest == key_digest(made.secret)
    assert is_whole(made.secret)
    for broken in (made.secret[:-1], made.secret + "0", "tnr_live_", "", made.secret.upper()):
        assert not is_whole(broken)
    for place in (9, 30, len(made.secret) - 1):
        other = "0" if made.secret[place] != "0" else "1"
        assert not is_whole(made.secret[:place] + other + made.secret[place + 1 :])


async def test_the_secret_is_shown_once_and_stored_nowhere(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    headers = {"idempotency-key": "one-key-please"}
    body = {"name": "Export", "role": "observer"}
    first = await ws.admin.post("/v1/api-keys", body, headers=headers)
    secret = first.json()["secret"]
    assert await works(tenure, secret)
    again = await ws.admin.post("/v1/api-keys", body, headers=headers)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["cache-control"] == "no-store"
    listed = await ws.admin.get("/v1/api-keys")
    assert secret not in listed.text
    assert first.json()["prefix"] in listed.text
    for table in ("api_keys", "idempotency_keys", "audit_log", "events"):
        found = await scalar(
            tenure,
            f"select count(*) from {table} t where t::text like :part"
            + (" or encode(body, 'escape') like :part" if table == "idempotency_keys" else ""),
            part=f"%{secret[20:60]}%",
        )
        assert found == 0, table


async def test_a_key_may_what_its_scopes_and_its_role_both_allow(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    narrow = client(tenure, (await make(ws, scopes=["members:read"]))["secret"])
    assert (await narrow.get("/v1/members")).status_code == 200
    refused = await narrow.get("/v1/workspace")
    assert (refused.status_code, refused.json()["permission"]) == (403, "workspace:read")
    assert refused.json()["detail"].endswith(
        "or is read-only: ask an admin of your workspace for another."
    )
    lower = await ws.team_member.post("/v1/webhook-endpoints", {})
    assert lower.json()["detail"] == (
        "This needs the permission 'webhooks:write'. The role 'team_member' does not grant it,"
        " 'admin' or 'integration' does: ask an admin of your workspace."
    )


@pytest.mark.parametrize(
    ("given", "pointer", "code", "roles"),
    [
        (
            {"role": "team_member", "scopes": ["records:read", "webhooks:write"]},
            "/scopes/1",
            "beyond_role",
            ["admin", "integration"],
        ),
        ({"role": "leader", "scopes": ["api_keys:write"]}, "/scopes/0", "beyond_role", ["admin"]),
        (
            {"role": "admin", "scopes": ["tasks:write"], "read_only": True},
            "/scopes/0",
            "beyond_read_only",
            ["admin", "leader", "team_member", "integration"],
        ),
        ({"role": "integration"}, "/scopes", "required", None),
        ({"role": "integration", "scopes": ["*"]}, "/scopes/0", "scope_too_wide", []),
        (
            {"role": "integration", "scopes": ["connections:read"]},
            "/scopes/0",
            "beyond_role",
            ["admin", "leader"],
        ),
    ],
)
async def test_a_scope_that_would_be_in_vain_is_refused_with_the_roles_that_grant_it(
    tenure: Tenure, given: dict[str, Any], pointer: str, code: str, roles: list[str] | None
) -> None:
    ws = await tenure.workspace()
    refused = await ws.admin.post("/v1/api-keys", {"name": "Export", **given})
    assert refused.status_code == 422, refused.text
    [fault] = refused.json()["errors"]
    assert (fault["pointer"], fault["code"], fault.get("roles")) == (pointer, code, roles)


async def test_a_role_that_leaves_a_scope_of_a_key_in_vain_is_refused(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    lee = {"full_name": "Lee", "email": "lee@example.com", "role": "leader"}
    path = f"/v1/members/{(await ws.admin.post('/v1/members', lee)).json()['id']}"
    held = path.rpartition("/")[2]
    beyond = {"name": "More", "member_id": held, "scopes": ["webhooks:write"]}
    assert (await ws.admin.post("/v1/api-keys", beyond)).json()["errors"][0]["roles"] == [
        "admin",
        "integration",
    ]
    key = await make(ws, role=None, member_id=held, scopes=["records:read", "segments:write"])
    refused = await ws.admin.patch(path, {"role": "team_member"})
    assert refused.status_code == 422
    [fault] = refused.json()["errors"]
    assert (fault["pointer"], fault["code"]) == ("/role", "beyond_role")
    assert (fault["scope"], fault["api_key_id"]) == ("segments:write", key["id"])
    await ws.admin.post(f"/v1/api-keys/{key['id']}/revoke")
    assert (await ws.admin.patch(path, {"role": "team_member"})).status_code == 200


async def test_a_partners_key_needs_no_role_of_people(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    scopes = ["events:read", "webhooks:read", "webhooks:write", "records:write"]
    made = await make(ws, role="integration", scopes=scopes)
    partner = client(tenure, made["secret"])
    endpoint = {"url": "https://127.0.0.1/hooks", "types": ["account.*"]}
    assert (await partner.post("/v1/webhook-endpoints", endpoint)).status_code == 201
    assert (await partner.get("/v1/events")).status_code == 200
    assert (await partner.post("/v1/accounts", {"name": "Acme"})).status_code == 201
    refused = await partner.get("/v1/accounts")
    assert (refused.status_code, refused.json()["permission"]) == (403, "records:read")
    person = {"full_name": "Bot", "email": "bot@example.com", "role": "integration"}
    assert (await ws.admin.post("/v1/members", person)).status_code == 422


async def test_a_read_only_key_writes_nothing_whatever_its_role(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    reader = client(tenure, (await make(ws, role="admin", read_only=True))["secret"])
    assert (await reader.get("/v1/api-keys")).status_code == 200
    assert (await reader.post("/v1/members", {})).status_code == 403


async def test_nobody_makes_or_rolls_a_key_that_may_more_than_they(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    mine = await make(ws, role="admin", scopes=["api_keys:write", "api_keys:read", "members:read"])
    maker = client(tenure, mine["secret"])
    beyond = {"name": "More", "role": "admin", "scopes": ["members:read", "members:write"]}
    refused = await maker.post("/v1/api-keys", beyond)
    assert (refused.status_code, refused.json()["code"]) == (403, "beyond_own_permissions")
    assert refused.json()["permissions"] == ["members:write"]
    all_of_it = await maker.post("/v1/api-keys", {"name": "All", "role": "observer"})
    assert all_of_it.status_code == 403
    within = {"name": "Less", "role": "admin", "scopes": ["members:read"]}
    assert (await maker.post("/v1/api-keys", within)).status_code == 201
    strong = await make(ws, role="admin")
    rolled = await maker.post(f"/v1/api-keys/{strong['id']}/roll", {})
    assert (rolled.status_code, rolled.json()["code"]) == (403, "beyond_own_permissions")


async def test_a_members_key_follows_the_members_role(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    member = (
        await ws.admin.post(
            "/v1/members", {"full_name": "G", "email": "g@example.com", "role": "leader"}
        )
    ).json()
    made = await make(ws, role=None, member_id=member["id"])
    assert made["role"] is None
    assert await works(tenure, made["secret"], "/v1/api-keys")
    await ws.admin.patch(f"/v1/members/{member['id']}", {"role": "observer"})
    assert not await works(tenure, made["secret"], "/v1/api-keys")
    assert await works(tenure, made["secret"], "/v1/members")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "X"}, "/role"),
        ({"name": "X", "role": "admin", "member_id": str(new_id())}, "/role"),
        ({"name": "X", "member_id": str(new_id())}, "/member_id"),
        ({"name": "X", "role": "admin", "scopes": ["moon:write"]}, "/scopes/0"),
        ({"name": "X", "role": "admin", "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"name": "X", "role": "admin", "expires_at": "2199-01-01T00:00:00"}, "/expires_at"),
        ({"name": "X", "role": "admin", "digest": "0" * 64}, "/digest"),
    ],
)
async def test_a_wrong_key_is_pointed_at(
    tenure: Tenure, body: dict[str, Any], pointer: str
) -> None:
    ws = await tenure.workspace()
    refused = await ws.admin.post("/v1/api-keys", body)
    assert refused.status_code == 422, refused.text
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


async def test_another_workspaces_member_cannot_hold_a_key_here(tenure: Tenure) -> None:
    ws, other = await tenure.workspace(), await tenure.workspace()
    body = {"name": "X", "member_id": other.details["observer_id"]}
    assert (await ws.admin.post("/v1/api-keys", body)).status_code == 422


async def test_a_key_ends_when_it_expires_by_the_worlds_clock(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    soon = (utc_now() + timedelta(hours=1)).isoformat()
    made = await make(ws, expires_at=soon)
    assert await works(tenure, made["secret"])
    async with tenure.workers["accounts"].units.begin(ws.id, ()) as uow:
        await uow.connection.execute(
            text(
                "update api_keys set expires_at = clock_timestamp()"
                " where workspace_id = :workspace_id and id = :id"
            ),
            {"workspace_id": ws.id, "id": made["id"]},
        )
    assert not await works(tenure, made["secret"])


async def test_a_rolled_key_keeps_its_id_and_its_old_secret_for_the_overlap(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    first = await make(ws)
    path = f"/v1/api-keys/{first['id']}/roll"
    second = (await ws.admin.post(path, {"overlap_seconds": 600})).json()
    assert (second["id"], second["prefix"]) == (first["id"], first["prefix"])
    assert second["previous_secret_expires_at"]
    assert await works(tenure, first["secret"])
    assert await works(tenure, second["secret"])
    third = (await ws.admin.post(path, {})).json()
    assert third["previous_secret_expires_at"] is None
    assert not await works(tenure, first["secret"])
    assert not await works(tenure, second["secret"])
    assert await works(tenure, third["secret"])


async def test_a_revoked_key_is_refused_everywhere_and_stays_so(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await make(ws)
    for name, url in tenure.urls.items():
        answer = await client(tenure, made["secret"]).http.get(f"{url}/v1/status")
        assert answer.status_code == 200, name
    revoked = await ws.admin.post(f"/v1/api-keys/{made['id']}/revoke")
    assert revoked.json()["revoked_at"]
    forget(tenure)
    for name, url in tenure.urls.items():
        answer = await client(tenure, made["secret"]).http.get(f"{url}/v1/status")
        assert answer.status_code == 401, name
    again = await ws.admin.post(f"/v1/api-keys/{made['id']}/revoke")
    assert again.json() == revoked.json()
    rolled = await ws.admin.post(f"/v1/api-keys/{made['id']}/roll", {})
    assert (rolled.status_code, rolled.json()["code"]) == (409, "key_revoked")
    told = await scalar(
        tenure,
        "select count(*) from events where workspace_id = :w and name like '%api_key_revoked%'",
        w=ws.id,
    )
    assert told == 1


async def test_the_last_use_is_noted_once_a_minute(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await make(ws)
    path = f"/v1/api-keys/{made['id']}"
    assert (await ws.admin.get(path)).json()["last_used_at"] is None
    assert await works(tenure, made["secret"])
    noted = await _when_noted(ws, path)
    assert await works(tenure, made["secret"])
    assert (await ws.admin.get(path)).json()["last_used_at"] == noted


async def _when_noted(ws: Workspace, path: str) -> str:
    async with asyncio.timeout(5):
        while True:
            noted: str | None = (await ws.admin.get(path)).json()["last_used_at"]
            if noted is not None:
                return noted
            await asyncio.sleep(0.02)


async def test_only_services_may_ask_what_a_digest_may(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    secret = ws.keys["leader"]
    url = f"{tenure.urls['accounts']}/internal/api-keys/introspect"
    body = {"digest": key_digest(secret)}
    http = tenure.client().http
    assert (await http.post(url, json=body)).status_code == 401
    with_key = {"authorization": f"Bearer {ws.keys['admin']}"}
    assert (await http.post(url, json=body, headers=with_key)).status_code == 401
    peer = tenure.workers["tasks"].signer
    one_workspace = {"authorization": f"Bearer {peer.token('accounts', ws.id)}"}
    assert (await http.post(url, json=body, headers=one_workspace)).status_code == 401
    every = {"authorization": f"Bearer {peer.token('accounts', '*')}"}
    told = (await http.post(url, json=body, headers=every)).json()
    assert told["workspace_id"] == str(ws.id)
    assert set(told["permissions"]) == GRANTS["leader"]
    unknown = await http.post(url, json={"digest": "0" * 64}, headers=every)
    assert unknown.status_code == 404


async def test_a_key_in_the_address_is_no_credential(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    answer = await ws.anonymous.get(f"/v1/members?api_key={ws.keys['admin']}")
    assert answer.status_code == 401


async def test_guessing_is_slowed_and_hinders_nobody_else(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    address = f"2001:db8::{new_id().hex[-4:]}"
    limiter = tenure.apps["accounts"].state.service.limiter
    for _ in range(WRONG_CREDENTIALS_PER_MINUTE + 20):
        await limiter.take(f"wrong:{address}", WRONG_CREDENTIALS_PER_MINUTE)
    from_there = {"x-forwarded-for": address}
    guess = client(tenure, make_key(new_id()).secret)
    refused = await guess.get("/v1/members", headers=from_there)
    assert refused.status_code == 429
    assert refused.headers["retry-after"]
    assert (await guess.get("/v1/members")).status_code == 401
    assert (await ws.observer.get("/v1/members", headers=from_there)).status_code == 200

"""Every call between services: for whom it is made, what they may, and who is refused."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi.routing import APIRoute
from typing_extensions import override

from shared.auth import Subject
from shared.events.routes import SERVICE_GRANTS, SUBSCRIBES_TO, grants
from shared.ids import new_id
from shared.settings import SERVICES, ServiceName
from tests.harness import Tenure, Workspace
from tests.operations import PACKAGES, app_of


@dataclass(frozen=True)
class InternalRoute:
    issuer: ServiceName
    audience: ServiceName
    method: str
    path: str
    permission: str
    json: Any = None

    @override
    def __str__(self) -> str:
        return f"{self.issuer} to {self.audience}: {self.method} {self.path.partition('?')[0]}"


_ID = "0198c0de-0000-7000-8000-000000000003"
_PATCH = {"record_type": "account", "id": _ID, "version": 1, "values": {"name": "Acme"}}
_TRAIT = {"record_type": "account", "key": "tier", "title": "Tier", "type": "string"}
_MEMBER = {"full_name": "Grace", "email": "grace@example.com", "role": "observer"}
_ROW = {"external_id": "001", "name": "Acme"}
_NAMED = {"external_id": "001", "title": "Call Ana"}
_ASKED = {"record_type": "account", "rules": {"audience": "arr > 5"}, "ids": [_ID]}
_THINGS = {
    "trait": "traits",
    "segment": "segments",
    "key_role": "records",
    "member": "members",
    "survey": "surveys",
    "metric": "metrics",
}

ROUTES = [
    InternalRoute(
        "tasks",
        "accounts",
        "POST",
        "/internal/records/patch",
        "records:write",
        {"patches": {"subject": _PATCH}},
    ),
    *(
        InternalRoute(
            "accounts",
            peer,
            "GET",
            f"/internal/usages?target={thing}&key={_ID}&record_type=account",
            f"{resource}:read",
        )
        for peer in ("tasks", "sequencer", "sync")
        for thing, resource in _THINGS.items()
    ),
    *(
        InternalRoute("accounts", peer, "GET", f"/internal/members/{_ID}/load", "members:read")
        for peer in ("tasks", "sequencer")
    ),
    *(
        InternalRoute("sequencer", "accounts", "POST", f"/internal/{asked}", "records:read", _ASKED)
        for asked in ("judgements", "snapshots")
    ),
    InternalRoute(
        "sequencer",
        "accounts",
        "POST",
        "/internal/questions/check",
        "segments:read",
        {"questions": {"audience": {"record_type": "account", "rule": "arr > 5"}}},
    ),
    InternalRoute(
        "sequencer",
        "accounts",
        "POST",
        "/internal/survey-invitations",
        "surveys:write",
        {
            "survey_id": _ID,
            "via": "sequence",
            "contacts": [{"contact_id": _ID, "request_key": "1"}],
        },
    ),
    InternalRoute(
        "sync", "accounts", "POST", "/v1/accounts/bulk", "records:write", {"rows": [_ROW]}
    ),
    InternalRoute(
        "sync", "accounts", "PUT", "/v1/members/by-external-id/5", "members:write", _MEMBER
    ),
    *(
        InternalRoute(
            "accounts", "tasks", "POST", f"/v1/{plural}/bulk", f"{plural}:write", {"rows": [_NAMED]}
        )
        for plural in ("tasks", "notes")
    ),
    InternalRoute("sync", "accounts", "POST", "/v1/traits", "traits:write", _TRAIT),
    InternalRoute("sync", "accounts", "GET", "/v1/traits?record_type=account", "traits:read"),
    InternalRoute("sync", "accounts", "GET", "/v1/accounts?limit=1", "records:read"),
]
OF_ROWS = {("accounts", "tasks"): {"members:write"}}
"""What only some rows of a bulk write need: those that name another author."""
FOR_ALL_WORKSPACES = {
    "/internal/events",
    "/internal/api-keys/introspect",
    "/internal/subjects/introspect",
}
"""Asked by services about everyone, for nobody."""


@dataclass(frozen=True)
class World:
    tenure: Tenure
    ws: Workspace
    subjects: Mapping[str, Subject]

    async def ask(
        self, route: InternalRoute, subject: Subject | None, **changes: Any
    ) -> httpx2.Response:
        issuer = changes.get("issuer", route.issuer)
        token = self.tenure.workers[issuer].signer.token(
            changes.get("audience", route.audience),
            changes.get("workspace", self.ws.id),
            (),
            subject,
        )
        headers = {"authorization": f"Bearer {token}"}
        url = self.tenure.urls[route.audience] + route.path
        http = self.ws.anonymous.http
        return await http.request(route.method, url, json=route.json, headers=headers)


@pytest.fixture(scope="module")
async def world(tenure: Tenure) -> AsyncIterator[World]:
    async with tenure.passing_workspace("Internal routes") as ws:

        async def key(**given: Any) -> Subject:
            made = await ws.admin.post("/v1/api-keys", {"name": "InternalRoute", **given})
            assert made.status_code == 201, made.text
            return Subject("api_key", UUID(made.json()["id"]))

        person = {"full_name": "Lee", "email": "lee@example.com", "role": "observer"}
        leaver = (await ws.admin.post("/v1/members", person)).json()["id"]
        subjects = {
            "admin key": await key(role="admin"),
            "admin": Subject("member", UUID(ws.details["admin_id"])),
            "observer": Subject("member", UUID(ws.details["observer_id"])),
            "scoped key": await key(role="admin", scopes=["suppressions:read"]),
            "revoked key": await key(role="admin"),
            "key of a leaver": await key(member_id=leaver),
            "leaver": Subject("member", UUID(leaver)),
            "nobody": Subject("api_key", new_id()),
        }
        await ws.admin.post(f"/v1/api-keys/{subjects['revoked key'].id}/revoke")
        await ws.admin.post(f"/v1/members/{leaver}/deactivate")
        yield World(tenure, ws, subjects)


@pytest.mark.parametrize("route", ROUTES, ids=str)
async def test_a_service_may_what_its_subject_may_now(world: World, route: InternalRoute) -> None:
    for name in ("admin key", "admin"):
        passed = await world.ask(route, world.subjects[name])
        assert passed.status_code not in {401, 403}, (name, passed.text)
    lacking = ["scoped key"] if route.permission.endswith(":read") else ["scoped key", "observer"]
    for name in lacking:
        refused = await world.ask(route, world.subjects[name])
        assert (refused.status_code, refused.json()["permission"]) == (403, route.permission), name


@pytest.mark.parametrize("route", ROUTES, ids=str)
async def test_whoever_was_revoked_or_deactivated_is_refused(
    world: World, route: InternalRoute
) -> None:
    for name in ("revoked key", "key of a leaver", "leaver", "nobody"):
        refused = await world.ask(route, world.subjects[name])
        assert (refused.status_code, refused.json()["code"]) == (403, "subject_ended"), name
    foreign = await world.ask(route, world.subjects["admin"], workspace=new_id())
    assert (foreign.status_code, foreign.json()["code"]) == (403, "subject_ended")


@pytest.mark.parametrize("route", ROUTES, ids=str)
async def test_a_token_is_good_for_one_audience_for_a_short_time(
    world: World, route: InternalRoute, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = world.subjects["admin"]
    for audience in set(SERVICES) - {route.audience}:
        replayed = await world.ask(route, subject, audience=audience)
        assert replayed.status_code == 401, audience
    everywhere = await world.ask(route, subject, workspace="*")
    assert everywhere.status_code == 401
    monkeypatch.setattr("shared.tokens.LIFETIME", -1)
    assert (await world.ask(route, subject)).status_code == 401


@pytest.mark.parametrize("route", ROUTES, ids=str)
async def test_a_service_does_no_more_than_it_was_granted(
    world: World, route: InternalRoute
) -> None:
    for issuer in SERVICES:
        answer = await world.ask(route, world.subjects["admin"], issuer=issuer)
        allowed = route.permission in grants(issuer, route.audience)
        assert (answer.status_code == 403) is not allowed, (issuer, answer.text)
        itself = await world.ask(route, None, issuer=issuer)
        assert (itself.status_code == 403) is not allowed, (issuer, itself.text)


def test_every_grant_is_used_and_every_internal_route_is_tried() -> None:
    used: dict[Any, set[str]] = {pair: {*permissions} for pair, permissions in OF_ROWS.items()}
    for route in ROUTES:
        used.setdefault((route.issuer, route.audience), set()).add(route.permission)
    assert used == {pair: set(granted) for pair, granted in SERVICE_GRANTS.items()}
    for name in PACKAGES:
        for served in app_of(name).routes:
            if not isinstance(served, APIRoute) or not served.path.startswith("/internal/"):
                continue
            ours = [r for r in ROUTES if r.audience == name and served.path_regex.match(_path(r))]
            assert ours or served.path in FOR_ALL_WORKSPACES, (name, served.path)


def _path(route: InternalRoute) -> str:
    return route.path.partition("?")[0]


@pytest.mark.parametrize("publisher", SERVICES)
async def test_a_feed_is_read_by_those_who_hear_it(world: World, publisher: ServiceName) -> None:
    route = InternalRoute("sync", publisher, "GET", "/internal/events", "")
    for issuer in SERVICES:
        answer = await world.ask(route, None, issuer=issuer, workspace="*")
        assert answer.status_code == (200 if publisher in SUBSCRIBES_TO[issuer] else 403), issuer
    assert (await world.ask(route, None)).status_code == 401

"""OAuth, sessions, limits and what every REST answer carries."""

import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.simulators.salesforce.people import INTEGRATION
from tests.simulators.salesforce.server import SalesforceSimulator
from tests.simulators_tests.salesforce_client import API, Client, error_of

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
async def sf() -> AsyncIterator[SalesforceSimulator]:
    async with SalesforceSimulator(seed=None, now=NOW, frozen=True) as running:
        yield running


@pytest.fixture
async def client(sf: SalesforceSimulator) -> AsyncIterator[Client]:
    async with Client(sf) as signed_in:
        yield signed_in


def assertion(
    sf: SalesforceSimulator, key: RSAKey | None = None, changed: dict[str, Any] | None = None
) -> str:
    claims: dict[str, Any] = {
        "iss": sf.app.client_id,
        "sub": sf.app.username,
        "aud": "https://login.salesforce.com",
        "exp": int(time.time()) + 180,
    }
    signing = key or RSAKey.import_key(sf.world.auth.private_key)
    return jwt.encode({"alg": "RS256"}, claims | (changed or {}), signing)


async def by_assertion(client: Client, token: str) -> httpx2.Response:
    return await client.token(
        grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer", assertion=token
    )


async def consent(client: Client, verifier: str = "v" * 43) -> httpx2.Response:
    """Walk the web-server flow with PKCE; the answer of the token endpoint."""
    digest = hashlib.sha256(("v" * 43).encode()).digest()
    sent = await client.http.get(
        "/services/oauth2/authorize",
        params={
            "response_type": "code",
            "client_id": client.sf.app.client_id,
            "redirect_uri": "https://app.example/cb",
            "state": "Zx9",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        },
    )
    answer = parse_qs(urlsplit(sent.headers["location"]).query)
    assert answer["state"] == ["Zx9"]
    return await client.token(
        grant_type="authorization_code",
        code=answer["code"][0],
        client_id=client.sf.app.client_id,
        client_secret=client.sf.app.client_secret,
        redirect_uri="https://app.example/cb",
        code_verifier=verifier,
    )


async def refresh(client: Client, token: str, **more: str) -> httpx2.Response:
    return await client.token(
        grant_type="refresh_token",
        refresh_token=token,
        client_id=client.sf.app.client_id,
        client_secret=client.sf.app.client_secret,
        **more,
    )


async def test_client_credentials_open_a_session_without_an_expiry(
    sf: SalesforceSimulator, client: Client
) -> None:
    opened = (
        await client.token(
            grant_type="client_credentials",
            client_id=sf.app.client_id,
            client_secret=sf.app.client_secret,
        )
    ).json()

    assert opened["instance_url"] == sf.url
    assert opened["issued_at"] == str(int(NOW.timestamp() * 1000))
    assert "expires_in" not in opened
    assert "refresh_token" not in opened
    signed = (opened["id"] + opened["issued_at"]).encode()
    digest = hmac.new(sf.app.client_secret.encode(), signed, hashlib.sha256).digest()
    assert base64.b64decode(opened["signature"]) == digest


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"client_id": "3MVGother"}, 400, "invalid_client_id"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
async def test_a_refused_token_request_answers_with_an_object(
    client: Client, changed: dict[str, str], status: int, error: str
) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": client.sf.app.client_id,
        "client_secret": client.sf.app.client_secret,
    }
    refused = await client.token(**(form | changed))
    assert (refused.status_code, refused.json()["error"]) == (status, error)


async def test_a_signed_assertion_opens_a_session(client: Client) -> None:
    opened = (await by_assertion(client, assertion(client.sf))).json()
    assert not {"refresh_token", "issued_at"} & set(opened)
    client.use(opened["access_token"])
    assert (await client.get("/limits")).status_code == 200
    who = (await client.http.get(opened["id"])).json()
    assert (who["user_id"], who["username"]) == (INTEGRATION.user_id, client.sf.app.username)


@pytest.mark.parametrize(
    ("changed", "error", "description"),
    [
        ({"aud": "https://acme.my.salesforce.com"}, "invalid_grant", "audience is invalid"),
        ({"exp": int(time.time()) - 1}, "invalid_grant", "invalid assertion"),
        ({"exp": int(time.time()) + 3_600}, "invalid_grant", "invalid assertion"),
        ({"exp": None}, "invalid_grant", "invalid assertion"),
        ({"sub": "nobody@x.example"}, "invalid_grant", "user hasn't approved this consumer"),
        ({"iss": "3MVGother"}, "invalid_client_id", "client identifier invalid"),
    ],
)
async def test_an_assertion_with_a_wrong_claim_is_refused(
    client: Client, changed: dict[str, object], error: str, description: str
) -> None:
    refused = await by_assertion(client, assertion(client.sf, changed=changed))
    assert refused.status_code == 400
    assert refused.json() == {"error": error, "error_description": description}


async def test_an_assertion_signed_by_another_key_is_refused(client: Client) -> None:
    other = RSAKey.generate_key(2048, private=True)
    refused = await by_assertion(client, assertion(client.sf, other))
    assert refused.json()["error_description"] == "invalid assertion"


async def test_a_session_dies_of_idleness_and_lives_by_use(
    sf: SalesforceSimulator, client: Client
) -> None:
    for _ in range(3):
        sf.clock.advance(timedelta(minutes=119))
        assert (await client.get("/limits")).status_code == 200
    sf.clock.advance(timedelta(minutes=121))
    assert error_of(await client.get("/limits")) == (
        401,
        "INVALID_SESSION_ID",
        "Session expired or invalid",
    )


async def test_a_refresh_without_rotation_keeps_the_refresh_token(client: Client) -> None:
    token = (await consent(client)).json()["refresh_token"]
    for _ in range(2):
        assert "refresh_token" not in (await refresh(client, token)).raise_for_status().json()
    refused = await refresh(client, token, scope="api")
    assert refused.json()["error"] == "invalid_request"


async def test_replaying_a_rotated_token_revokes_the_whole_family(
    sf: SalesforceSimulator, client: Client
) -> None:
    sf.org.configure({"rotate_refresh_tokens": True})
    first = (await consent(client)).json()
    second = (await refresh(client, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    client.use(second["access_token"])
    assert (await client.get("/limits")).status_code == 200

    replayed = await refresh(client, first["refresh_token"])
    assert replayed.json() == {
        "error": "invalid_grant",
        "error_description": "expired access/refresh token",
    }
    assert (await client.get("/limits")).status_code == 401
    assert (await refresh(client, second["refresh_token"])).status_code == 400


async def test_a_sixth_consent_silently_revokes_the_oldest(client: Client) -> None:
    tokens = [(await consent(client)).json()["refresh_token"] for _ in range(6)]
    answers = [(await refresh(client, token)).status_code for token in tokens]
    assert answers == [400, 200, 200, 200, 200, 200]


async def test_a_wrong_code_verifier_is_refused(client: Client) -> None:
    refused = await consent(client, verifier="w" * 43)
    assert refused.json()["error_description"] == "invalid code verifier"


async def test_a_revoked_token_opens_nothing(client: Client) -> None:
    token = (await consent(client)).json()["refresh_token"]
    revoked = await client.http.post("/services/oauth2/revoke", data={"token": token})
    assert revoked.status_code == 200
    assert (await refresh(client, token)).status_code == 400


async def test_versions_are_listed_to_anybody_and_limits_count_requests(
    sf: SalesforceSimulator, client: Client
) -> None:
    async with httpx2.AsyncClient(base_url=sf.url) as stranger:
        listed = await stranger.get("/services/data/")
        assert {"version": "62.0", "url": "/services/data/v62.0", "label": "Winter '25"} in (
            listed.json()
        )
        assert "sforce-limit-info" not in listed.headers
        assert (await stranger.get(f"{API}/limits")).status_code == 401

    first, second = await client.get("/limits"), await client.get("/limits")
    assert first.headers["sforce-limit-info"] == "api-usage=1/100000"
    assert second.json()["DailyApiRequests"] == {"Max": 100_000, "Remaining": 99_998}


async def test_the_quota_is_of_the_last_24_hours(sf: SalesforceSimulator, client: Client) -> None:
    sf.org.configure({"api_requests_per_day": 2, "session_seconds": 10**6})
    for _ in range(2):
        await client.get("/limits")
    assert error_of(await client.get("/limits")) == (
        403,
        "REQUEST_LIMIT_EXCEEDED",
        "TotalRequests Limit exceeded.",
    )
    sf.clock.advance(timedelta(hours=24, seconds=1))
    assert (await client.get("/limits")).status_code == 200


async def test_the_date_header_is_the_simulated_clock(
    sf: SalesforceSimulator, client: Client
) -> None:
    answer = await client.get("/limits")
    assert answer.headers.get_list("date") == ["Mon, 02 Mar 2026 09:30:00 GMT"]
    sf.clock.set(datetime(2027, 1, 1, tzinfo=UTC))
    refused = await client.http.get("/services/oauth2/userinfo", headers={"authorization": "no"})
    assert refused.headers["date"] == "Fri, 01 Jan 2027 00:00:00 GMT"


async def test_places_that_are_not_there_answer_with_an_array(client: Client) -> None:
    missing = (404, "NOT_FOUND", "The requested resource does not exist")
    assert error_of(await client.get("/nothing")) == missing
    assert error_of(await client.get("/sobjects/Nothing/describe")) == missing
    assert error_of(await client.send("PUT", "/query"))[:2] == (405, "METHOD_NOT_ALLOWED")
    retired = await client.http.get("/services/data/v20.0/limits")
    assert error_of(retired)[:2] == (410, "UNSUPPORTED_API_VERSION")
    long = await client.http.get(f"{API}/limits", headers={"x-padding": "x" * 16_384})
    assert long.status_code == 414

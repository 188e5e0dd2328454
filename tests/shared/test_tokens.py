"""Service tokens: everything but a fresh, well-formed one for this audience is a 401."""

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from shared.auth import Subject
from shared.errors import Unauthorized, Unavailable
from shared.events.base import Cause
from shared.ids import new_id
from shared.net.answers import OutgoingError
from shared.settings import ServiceName
from shared.tokens import ServiceSigner, ServiceTokenVerifier

KEY = ECKey.generate_key("P-256", private=True)
SHARED = OctKey.generate_key(256)
WORKSPACE = new_id()


def signer(key: ECKey = KEY) -> ServiceSigner:
    return ServiceSigner("accounts", json.dumps(key.as_dict(private=True)))


def verifier(audience: ServiceName = "tasks") -> ServiceTokenVerifier:
    fetches: list[str] = []

    async def fetch(issuer: ServiceName) -> dict[str, Any]:
        fetches.append(issuer)
        return signer().jwks

    made = ServiceTokenVerifier(audience, fetch)
    made.fetches = fetches  # type: ignore[attr-defined]
    return made


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {
        "iss": "accounts",
        "aud": "tasks",
        "iat": now,
        "exp": now + 60,
        "sub": "service:accounts",
        "workspace_id": str(WORKSPACE),
        "cause": [],
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def forged(key: Any = KEY, header: dict[str, Any] | None = None, **changes: Any) -> str:
    head = {"alg": "ES256", "typ": "service+jwt", "kid": KEY.thumbprint(), **(header or {})}
    algorithms = ["ES256", "HS256", "RS256"]
    return jwt.encode(head, claims(**changes), key, algorithms=algorithms)


async def test_a_token_whose_keys_cannot_be_had_is_no_fault_of_the_caller() -> None:
    async def nobody_there(issuer: ServiceName) -> dict[str, Any]:
        raise OutgoingError("The host could not be reached.")

    token = signer().token("tasks", WORKSPACE)
    with pytest.raises(Unavailable) as refused:
        await ServiceTokenVerifier("tasks", nobody_there).verify(token)
    assert refused.value.retry_after == 1


async def test_a_token_carries_workspace_and_cause_to_its_audience() -> None:
    cause = (Cause(type="member", id="m1"), Cause(type="sync_run", id="r1"))
    token = signer().token("tasks", WORKSPACE, cause)
    found = await verifier().verify(token)
    assert (found.issuer, found.workspace_id, found.cause) == ("accounts", WORKSPACE, cause)
    assert isinstance(found.workspace_id, UUID)
    assert found.subject is None


async def test_a_token_names_whom_the_service_acts_for() -> None:
    subject = Subject("api_key", new_id())
    found = await verifier().verify(signer().token("tasks", WORKSPACE, (), subject))
    assert found.subject == subject


BAD: dict[str, Callable[[], str]] = {
    "another audience": lambda: forged(aud="sync"),
    "no audience": lambda: forged(aud=None),
    "expired": lambda: forged(exp=int(time.time()) - 1),
    "no expiry": lambda: forged(exp=None),
    "unknown issuer": lambda: forged(iss="mallory"),
    "no subject": lambda: forged(sub=None),
    "another service as subject": lambda: forged(sub="service:sync"),
    "a subject that nobody can act for": lambda: forged(sub=f"workspace:{new_id()}"),
    "a subject that is no id": lambda: forged(sub="member:ada"),
    "no workspace": lambda: forged(workspace_id=None),
    "workspace that is no id": lambda: forged(workspace_id="everything"),
    "another key under our key id": lambda: forged(ECKey.generate_key("P-256", private=True)),
    "unknown key id": lambda: forged(header={"kid": "other"}),
    "a shared secret instead of a key pair": lambda: forged(SHARED, {"alg": "HS256"}),
    "an RSA key": lambda: forged(RSAKey.generate_key(2048, private=True), {"alg": "RS256"}),
    "another type of token": lambda: forged(header={"typ": "JWT"}),
    "a critical header we do not know": lambda: forged().replace(".", ".x", 1),
    "alg none": lambda: "eyJhbGciOiJub25lIn0.e30.",
    "no token at all": lambda: "garbage",
    "three dots": lambda: "...",
    "a huge token": lambda: "a" * 10_000,
    "a cut signature": lambda: forged()[:-6],
    "not UTF-8": lambda: "é.é.é",
}


@pytest.mark.parametrize("kind", BAD)
async def test_every_other_token_is_refused_in_the_same_words(kind: str) -> None:
    with pytest.raises(Unauthorized) as refused:
        await verifier().verify(BAD[kind]())
    assert refused.value.detail == "The token is not valid."


async def test_a_flood_of_unknown_key_ids_fetches_the_keys_once() -> None:
    judge = verifier()
    for number in range(50):
        with pytest.raises(Unauthorized):
            await judge.verify(forged(header={"kid": f"k{number}"}))
    assert judge.fetches == ["accounts"]  # type: ignore[attr-defined]

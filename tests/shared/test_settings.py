"""A process starts with secrets that protect something, or not at all."""

import json
import os
import subprocess
import sys
from secrets import token_hex
from typing import get_args
from unittest.mock import ANY

import pytest
from joserfc.jwk import ECKey, RSAKey
from pydantic import SecretStr

from deploy.roles import ROLES, main
from sequencer.settings import SequencerSettings
from shared.settings import Environment, Settings
from tests.harness import Tenure

KINDS: tuple[type[Environment], ...] = (Settings, SequencerSettings)
_PUBLIC = json.dumps(ECKey.generate_key("P-256").as_dict(private=False))
_OTHER_CURVE = json.dumps(ECKey.generate_key("P-384").as_dict(private=True))
_RSA = json.dumps(RSAKey.generate_key(2048).as_dict(private=True))
_SHORT = "TENURE_CURSOR_SECRET must have at least 32 characters; it has "
_PRIVATE = "TENURE_SERVICE_KEY must be the private half (with `d`) of an EC key on the curve P-256."
_JWK = "TENURE_SERVICE_KEY must be a JWK: one JSON object in one line."

REFUSED = [
    ("DATABASE_URL", "", "DATABASE_URL must be an address that begins with postgresql+asyncpg://."),
    ("DATABASE_URL", "mysql://root:hunter2@db/x", "DATABASE_URL must be an address that begins"),
    ("REDIS_URL", "", "REDIS_URL must be an address that begins with redis:// or rediss://"),
    ("TENURE_CURSOR_SECRET", "", "TENURE_CURSOR_SECRET must not be empty: it takes at least 32"),
    ("TENURE_CURSOR_SECRET", "hunter2", f"{_SHORT}7."),
    ("TENURE_CURSOR_SECRET", "x" * 64, "TENURE_CURSOR_SECRET must be random"),
    ("TENURE_SERVICE_KEY", "", _JWK),
    ("TENURE_SERVICE_KEY", "{}", _JWK),
    ("TENURE_SERVICE_KEY", "[]", _JWK),
    ("TENURE_SERVICE_KEY", "hunter2", _JWK),
    ("TENURE_SERVICE_KEY", '{"kty":"EC","crv":"P-256","x":"…","y":"…","d":"…"}', _JWK),
    ("TENURE_SERVICE_KEY", _RSA, _JWK),
    ("TENURE_SERVICE_KEY", _PUBLIC, _PRIVATE),
    ("TENURE_SERVICE_KEY", _OTHER_CURVE, _PRIVATE),
    ("TENURE_ENCRYPTION_KEYS", "", "TENURE_ENCRYPTION_KEYS must hold at least one key"),
    ("TENURE_ENCRYPTION_KEYS", " , ", "TENURE_ENCRYPTION_KEYS must hold at least one key"),
    ("TENURE_ENCRYPTION_KEYS", "aHVudGVyMg==", "must hold keys of 32 bytes; one of them has 7."),
    ("TENURE_ENCRYPTION_KEYS", "hunter2!", "must hold keys as urlsafe base64"),
]


@pytest.fixture
def environment(tenure: Tenure, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in tenure.environment("sequencer").items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    REFUSED,
    # Some values are made anew by each process, and all must name a test alike.
    ids=[f"{variable}-{place}" for place, (variable, _, _) in enumerate(REFUSED)],
)
def test_a_secret_that_protects_nothing_stops_the_start(
    environment: None, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    Settings.read()
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as refused:
        Settings.read()
    assert sentence in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_every_secret_of_every_service_is_among_them() -> None:
    secret = {
        str(field.validation_alias or f"TENURE_{name.upper()}")
        for kind in KINDS
        for name, field in kind.model_fields.items()
        if SecretStr in (field.annotation, *get_args(field.annotation))
    }
    assert secret == {variable for variable, _, _ in REFUSED}


def test_one_weak_key_of_a_ring_is_enough_to_refuse_it(
    environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = f"{os.environ['TENURE_ENCRYPTION_KEYS']},aHVudGVyMg=="
    monkeypatch.setenv("TENURE_ENCRYPTION_KEYS", ring)
    with pytest.raises(SystemExit, match="one of them has 7"):
        Settings.read()


def test_all_that_is_wrong_is_said_at_once(
    environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TENURE_SERVICE_KEY")
    monkeypatch.setenv("TENURE_CURSOR_SECRET", "")
    monkeypatch.setenv("TENURE_DRAIN_SECONDS", "soon")
    monkeypatch.setenv("TENURE_POOL_SIZE", "many")
    with pytest.raises(SystemExit) as refused:
        Settings.read()
    said = str(refused.value).splitlines()
    assert {line.split()[0]: line for line in said} == {
        "TENURE_SERVICE_KEY": "TENURE_SERVICE_KEY is not set.",
        "TENURE_CURSOR_SECRET": ANY,
        "TENURE_DRAIN_SECONDS": "TENURE_DRAIN_SECONDS must be a number such as 0.5.",
        "TENURE_POOL_SIZE": "TENURE_POOL_SIZE must be a whole number such as 8000.",
    }


@pytest.mark.parametrize(
    "command",
    [("shared.serve", "tasks_api.main:create_app", "--port", "0"), ("tasks_api.worker",)],
    ids=("web", "worker"),
)
def test_a_process_says_it_in_one_sentence_and_ends(
    tenure: Tenure, command: tuple[str, ...]
) -> None:
    started = subprocess.run(
        [sys.executable, "-m", *command],
        env=tenure.environment("tasks") | {"TENURE_CURSOR_SECRET": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert started.returncode == 1
    assert started.stderr.startswith("TENURE_CURSOR_SECRET must not be empty")
    assert started.stderr.count("\n") == 1


@pytest.mark.parametrize("role", ROLES)
def test_no_role_gets_an_empty_password(
    role: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would be none at all: PostgreSQL takes it for the absence of one."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    for name in ROLES:
        monkeypatch.setenv(f"{name.upper()}_PASSWORD", token_hex(24))
    monkeypatch.setenv(f"{role.upper()}_PASSWORD", "")
    assert main() == 1
    assert capsys.readouterr().err.startswith(f"{role.upper()}_PASSWORD must not be empty")

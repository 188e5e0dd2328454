"""Keys for containers, made by a Python that has nothing but itself."""

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import example, given
from hypothesis import strategies as st

from deploy.local import keys
from deploy.roles import ROLES, SERVICES
from shared import secret_strength
from shared.tokens import ServiceSigner

ROOT = Path(__file__).parents[2]
BARE = [sys.executable, "-I", "-S"]
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def without_packages(command: list[str], cwd: Path) -> str:
    """What it prints where no package is installed and no variable of ours is heard."""
    return subprocess.run(
        [*BARE, *command], cwd=cwd, env={}, capture_output=True, text=True, check=True
    ).stdout


AS_MODULE = (
    f"import runpy, sys; sys.path.insert(0, {str(ROOT)!r});"
    " runpy.run_module('deploy.local.keys', run_name='__main__')"
)


@pytest.mark.parametrize(
    "command", [[str(ROOT / "deploy" / "local" / "keys.py")], ["-c", AS_MODULE]]
)
def test_a_bare_python_makes_all_secrets_and_services_take_them(
    command: list[str], tmp_path: Path
) -> None:
    printed = without_packages(command, tmp_path)
    lines = [line.partition("=") for line in printed.splitlines() if line[:1].isalpha()]
    made = {name: value.strip("'") for name, _, value in lines}
    for service in SERVICES:
        signer = ServiceSigner("tasks", made[f"TENURE_{service.schema.upper()}_KEY"])
        assert signer.token("accounts", "*").count(".") == 2
    for role in (*ROLES, "postgres", "redis"):
        assert secret_strength.password(made[f"{role.upper()}_PASSWORD"])
    assert secret_strength.signing_secret(made["TENURE_CURSOR_SECRET"])
    assert len(secret_strength.encryption_keys(made["TENURE_ENCRYPTION_KEYS"])) == 1
    secrets = [value for name, value in made.items() if name.endswith(("_KEY", "_PASSWORD"))]
    assert len(set(secrets)) == len(secrets) == 11


def test_bare_means_that_nothing_installed_is_there(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        without_packages(["-c", "import joserfc"], tmp_path)


@given(st.integers(1, ORDER - 1))
@example(1)
@example(2)
@example(3)
@example(ORDER - 1)
def test_a_key_is_the_one_that_others_make_of_its_number(private: int) -> None:
    expected = ec.derive_private_key(private, ec.SECP256R1()).public_key().public_numbers()
    made = secret_strength.signing_key(keys.jwk(private)).public_key.public_numbers()
    assert (made.x, made.y) == (expected.x, expected.y)

"""Fresh secrets in the form of `deploy/env.example`: `python3 -m deploy.local.keys > deploy/.env`.

Standard library only: whoever runs containers needs nothing else on their machine.
"""

import base64
import json
import os
import re
import sys
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[1] / "env.example"

# The curve P-256 (FIPS 186-5, SP 800-186): y² = x³ - 3x + b modulo a prime, and the order of G.
_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_BYTES = 32

Point = tuple[int, int]


def signing_key() -> str:
    """A private EC P-256 key as JWK, in one line."""
    # 64 bits more than needed make every key as likely as any other (FIPS 186-5, A.2.1).
    return jwk(int.from_bytes(os.urandom(_BYTES + 8), "big") % (_ORDER - 1) + 1)


def encryption_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(_BYTES)).decode()


def password() -> str:
    return os.urandom(24).hex()


def cursor_secret() -> str:
    return _text(os.urandom(_BYTES))


def filled_example() -> str:
    """Every empty setting of the example whose name says that it is a secret."""
    text = EXAMPLE.read_text(encoding="utf-8")
    return re.sub(
        r"^(\w+)=$", lambda found: f"{found[1]}={_value(found[1])}", text, flags=re.MULTILINE
    )


def _value(name: str) -> str:
    if name.endswith("_PASSWORD"):
        return password()
    if name == "TENURE_CURSOR_SECRET":
        return cursor_secret()
    if name == "TENURE_ENCRYPTION_KEYS":
        return encryption_key()
    if name.endswith("_KEY"):
        return f"'{signing_key()}'"
    return ""


def jwk(private: int) -> str:
    """The JWK (RFC 7518, 6.2) of a private number."""
    x, y = _times(private, _G)
    numbers = {"x": x, "y": y, "d": private}
    encoded = {name: _text(number.to_bytes(_BYTES, "big")) for name, number in numbers.items()}
    return json.dumps({"kty": "EC", "crv": "P-256", **encoded})


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _times(factor: int, point: Point) -> Point:
    """By doubling and adding. Its time depends on the factor, which nobody is there to measure."""
    total: Point | None = None
    while factor:
        if factor & 1:
            total = point if total is None else _sum(total, point)
        point = _double(point)
        factor >>= 1
    if total is None:
        raise ValueError("0 is no private number")
    return total


def _double(point: Point) -> Point:
    x, y = point
    return _third((3 * x * x - 3) * pow(2 * y, -1, _PRIME), point, x)


def _sum(one: Point, other: Point) -> Point:
    """Of points that differ in x, as the multiples that `_times` adds always do."""
    slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, _PRIME)
    return _third(slope, one, other[0])


def _third(slope: int, point: Point, other_x: int) -> Point:
    """Where the line through both points meets the curve again, mirrored."""
    x = (slope * slope - point[0] - other_x) % _PRIME
    return x, (slope * (point[0] - x) - point[1]) % _PRIME


if __name__ == "__main__":
    sys.stdout.write(filled_example())

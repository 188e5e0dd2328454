"""Assertions that a connection signs for itself (RFC 7523)."""

import time

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

_ASSERTION_SECONDS = 170
"""Some systems take assertions that end at most three minutes ahead."""


def signed_assertion(private_key: str, *, issuer: str, subject: str, audience: str) -> str:
    claims = {
        "iss": issuer,
        "sub": subject,
        "aud": audience,
        "exp": int(time.time()) + _ASSERTION_SECONDS,
    }
    return jwt.encode({"alg": "RS256"}, claims, RSAKey.import_key(private_key))


def check_key(private_key: str) -> None:
    """Raises `ValueError` for what cannot sign."""
    try:
        RSAKey.import_key(private_key)
    except (JoseError, ValueError) as error:
        raise ValueError("Use an RSA private key in PEM.") from error

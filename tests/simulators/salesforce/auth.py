"""OAuth of one connected app: sessions that die of idleness, grants that can be revoked.

Sessions live in memory, as a pod's restart would have it; grants are kept with the org.
"""

import base64
import hashlib
import hmac
import itertools
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from tests.simulators.salesforce.errors import invalid_session
from tests.simulators.salesforce.org import Org
from tests.simulators.salesforce.values import Values

LOGIN_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
JWT_LIFETIME = 300
"""Seconds that `exp` may lie ahead: three minutes and some skew between two machines' clocks."""
CODE_LIFETIME = timedelta(minutes=15)


class OAuthError(Exception):
    """OAuth's own errors are an object, unlike those of the rest of the API."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.status = status
        self.body = {"error": error, "error_description": description}


@dataclass
class ConnectedApp:
    client_id: str = "3MVG9tenureSandboxConnectedApp"
    client_secret: str = "7F2A9C51E0B34D68tenure"
    username: str = "integration@northwind-cs.example"
    """The user that client_credentials runs as and that JWT assertions must name."""
    public_key: str | None = None
    """PEM of the certificate that signs assertions; the simulator's own key if none is given."""


@dataclass
class Session:
    user_id: str
    grant_id: str | None
    used_at: float


@dataclass
class Grant:
    """One user's consent: its current refresh token and those it had before."""

    grant_id: str
    user_id: str
    token: str
    spent: list[str] = field(default_factory=list)
    revoked: bool = False


@dataclass(frozen=True)
class Code:
    user_id: str
    redirect_uri: str
    challenge: str | None
    good_until: float


class Auth:
    def __init__(self, org: Org, app: ConnectedApp) -> None:
        self.app, self._org = app, org
        self._sessions: dict[str, Session] = {}
        self._codes: dict[str, Code] = {}
        self._grants: dict[str, Grant] = {}
        self._numbers = itertools.count(1)
        self._own_key: RSAKey | None = None

    def state(self) -> dict[str, Any]:
        key = None if self._own_key is None else self.private_key
        grants = [asdict(grant) for grant in self._grants.values()]
        return {"app": asdict(self.app), "private_key": key, "grants": grants}

    def restore(self, state: dict[str, Any]) -> None:
        self.app = ConnectedApp(**state["app"])
        if state["private_key"] is not None:
            self._own_key = RSAKey.import_key(state["private_key"])
        self._grants = {given["grant_id"]: Grant(**given) for given in state["grants"]}

    def reset(self) -> None:
        self._sessions.clear()
        self._codes.clear()
        self._grants.clear()

    @property
    def private_key(self) -> str:
        """PEM that a test signs assertions with, when it brought no certificate of its own."""
        if self._own_key is None:
            self._own_key = RSAKey.generate_key(2048, private=True)
        return self._own_key.as_pem(private=True).decode()

    def _now(self) -> float:
        return self._org.clock.now().timestamp()

    # Sessions

    def user_of(self, header: str | None) -> str:
        """The user of an Authorization header; use keeps the session alive."""
        scheme, _, token = (header or "").partition(" ")
        session = (
            self._sessions.get(token.strip()) if scheme.lower() in {"bearer", "oauth"} else None
        )
        if session is None or self._now() - session.used_at > self._org.settings.session_seconds:
            self._sessions.pop(token.strip(), None)
            raise invalid_session()
        session.used_at = self._now()
        return session.user_id

    def end_sessions(self) -> None:
        self._sessions.clear()

    def _open(self, user_id: str, base: str, grant: Grant | None = None) -> dict[str, Any]:
        token = f"{self.org_id[:15]}!AQ{secrets.token_urlsafe(60)}"
        self._sessions[token] = Session(user_id, grant.grant_id if grant else None, self._now())
        identity = f"{base}/id/{self.org_id}/{user_id}"
        issued_at = str(int(self._now() * 1000))
        signed = hmac.new(
            self.app.client_secret.encode(), (identity + issued_at).encode(), hashlib.sha256
        )
        return {
            "access_token": token,
            "signature": base64.b64encode(signed.digest()).decode(),
            "scope": "refresh_token api" if grant else "api",
            "instance_url": base,
            "id": identity,
            "token_type": "Bearer",
            "issued_at": issued_at,
        }

    @property
    def org_id(self) -> str:
        return next((str(each["Id"]) for each in self._org.scan("Organization")), "00D" + "0" * 15)

    # Grants of tokens

    def token(self, form: Mapping[str, str], basic: tuple[str, str] | None, base: str) -> Any:
        """Answer a token request; `base` is the address that the client reached us by."""
        grant_type = form.get("grant_type", "")
        if grant_type == JWT_BEARER:
            return self._by_assertion(form.get("assertion", ""), base)
        client_id, secret = basic or (form.get("client_id", ""), form.get("client_secret"))
        if client_id != self.app.client_id:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        has_verifier = grant_type == "authorization_code" and "code_verifier" in form
        if secret != self.app.client_secret and not (secret is None and has_verifier):
            raise OAuthError("invalid_client", "invalid client credentials", 401)
        if grant_type == "client_credentials":
            return self._open(self._run_as(), base)
        if grant_type == "refresh_token":
            return self._refresh(form, base)
        if grant_type == "authorization_code":
            return self._by_code(form, base)
        raise OAuthError("unsupported_grant_type", "grant type not supported")

    def _run_as(self) -> str:
        return str(self._user(self.app.username)["Id"])

    def _user(self, username: str) -> Values:
        for user in self._org.scan("User"):
            if user["Username"] == username:
                if not user["IsActive"]:
                    raise OAuthError("inactive_user", "user is inactive")
                return user
        raise OAuthError("invalid_grant", "user hasn't approved this consumer")

    def _by_assertion(self, assertion: str, base: str) -> dict[str, Any]:
        try:
            key = RSAKey.import_key(self.app.public_key or self.private_key)
            claims = jwt.decode(assertion, key, algorithms=["RS256"]).claims
        except (JoseError, ValueError) as error:
            raise OAuthError("invalid_grant", "invalid assertion") from error
        if claims.get("iss") != self.app.client_id:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if claims.get("aud") not in LOGIN_HOSTS:
            raise OAuthError("invalid_grant", "audience is invalid")
        # Two machines agree on this instant: it is the machine's clock, not the simulated one.
        expires = claims.get("exp")
        if not isinstance(expires, int | float) or not 0 < expires - time.time() <= JWT_LIFETIME:
            raise OAuthError("invalid_grant", "invalid assertion")
        if claims.get("sub") != self.app.username:
            raise OAuthError("invalid_grant", "user hasn't approved this consumer")
        opened = self._open(self._run_as(), base)
        return {k: v for k, v in opened.items() if k not in {"issued_at", "signature"}}

    def _refresh(self, form: Mapping[str, str], base: str) -> dict[str, Any]:
        if "scope" in form:
            raise OAuthError("invalid_request", "scope parameter not supported")
        token = form.get("refresh_token", "")
        grant = next(
            (g for g in self._grants.values() if token and token in {g.token, *g.spent}), None
        )
        if grant is not None and token in grant.spent:
            # A replayed token means that two hold it; nobody can tell which of them is the thief.
            self._revoke(grant)
        if grant is None or grant.revoked:
            raise OAuthError("invalid_grant", "expired access/refresh token")
        opened = self._open(grant.user_id, base, grant)
        if self._org.settings.rotate_refresh_tokens:
            grant.spent.append(grant.token)
            grant.token = self._refresh_token()
            opened["refresh_token"] = grant.token
        return opened

    def _refresh_token(self) -> str:
        return f"5Aep861{secrets.token_urlsafe(48)}"

    def _revoke(self, grant: Grant) -> None:
        grant.revoked = True
        for token in [t for t, s in self._sessions.items() if s.grant_id == grant.grant_id]:
            del self._sessions[token]

    def revoke(self, token: str) -> None:
        """Revoke an access or refresh token; a refresh token takes its sessions along."""
        if self._sessions.pop(token, None) is not None:
            return
        for grant in self._grants.values():
            if grant.token == token and not grant.revoked:
                self._revoke(grant)
                return
        raise OAuthError("unsupported_token_type", "this token type is not supported")

    def authorize(self, query: Mapping[str, str]) -> str:
        """Consent without asking: the address, with a code, that the browser is sent to."""
        if query.get("client_id") != self.app.client_id:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if query.get("response_type") != "code":
            raise OAuthError("unsupported_response_type", "response type not supported")
        code = f"aPrx{secrets.token_urlsafe(40)}=="
        self._codes[code] = Code(
            self._run_as(),
            query.get("redirect_uri", ""),
            query.get("code_challenge"),
            self._now() + CODE_LIFETIME.total_seconds(),
        )
        return code

    def _by_code(self, form: Mapping[str, str], base: str) -> dict[str, Any]:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or code.good_until < self._now():
            raise OAuthError("invalid_grant", "expired authorization code")
        if form.get("redirect_uri") != code.redirect_uri:
            raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
        if code.challenge is not None:
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != code.challenge:
                raise OAuthError("invalid_grant", "invalid code verifier")
        grant = self.grant(code.user_id)
        return self._open(code.user_id, base, grant) | {"refresh_token": grant.token}

    def grant(self, user_id: str) -> Grant:
        """A new consent. The one too many silently revokes the user's oldest."""
        grant = Grant(f"grant-{next(self._numbers)}-{secrets.token_hex(4)}", user_id,
                      self._refresh_token())  # fmt: skip
        self._grants[grant.grant_id] = grant
        alive = [g for g in self._grants.values() if g.user_id == user_id and not g.revoked]
        for oldest in alive[: -self._org.settings.grants_per_user]:
            self._revoke(oldest)
        return grant

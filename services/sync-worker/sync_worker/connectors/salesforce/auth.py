"""How a connection to Salesforce proves who it is (RFC 6749, RFC 7523)."""

from collections.abc import Mapping
from urllib.parse import urlencode

from sync_worker.connectors.base import Grant, PlainHttp, Secrets, Settings, SystemTrouble
from sync_worker.connectors.kit.jwt import signed_assertion
from sync_worker.connectors.salesforce.answers import Granted, read
from sync_worker.connectors.salesforce.errors import grant_trouble_of


class SalesforceAuth:
    async def renew(
        self, http: PlainHttp, settings: Settings, secrets: Secrets, grant: Grant | None
    ) -> Grant:
        """One token request. With rotating refresh tokens the one before ends with it."""
        refresh_token = (grant.refresh_token if grant else None) or secrets.get("refresh_token")
        answer = await http.request(
            "POST",
            f"{settings['login_url']}/services/oauth2/token",
            headers={
                "content-type": "application/x-www-form-urlencoded",
                "accept": "application/json",
            },
            content=urlencode(_form(settings, secrets, refresh_token)).encode(),
        )
        trouble = grant_trouble_of(answer.status, answer.headers, answer.body)
        if trouble is not None:
            raise SystemTrouble(trouble)
        granted = read(answer, Granted, "the sign-in")
        return Grant(
            access_token=granted.access_token,
            base_url=granted.instance_url.rstrip("/"),
            refresh_token=granted.refresh_token or refresh_token,
        )

    def headers(self, grant: Grant) -> Mapping[str, str]:
        return {"authorization": f"Bearer {grant.access_token}"}


def _form(settings: Settings, secrets: Secrets, refresh_token: str | None) -> dict[str, str]:
    if "private_key" in secrets:
        assertion = signed_assertion(
            secrets["private_key"],
            issuer=settings["client_id"],
            subject=settings.get("username") or "",
            audience=_audience(settings["login_url"]),
        )
        return {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": assertion,
        }
    form = {"client_id": settings["client_id"]}
    if "client_secret" in secrets:
        form["client_secret"] = secrets["client_secret"]
    if refresh_token is not None:
        # No scope here: Salesforce refuses a refresh that names one.
        return {"grant_type": "refresh_token", "refresh_token": refresh_token, **form}
    return {"grant_type": "client_credentials", **form}


def _audience(login_url: str) -> str:
    is_sandbox = "test.salesforce.com" in login_url or "sandbox" in login_url
    return "https://test.salesforce.com" if is_sandbox else "https://login.salesforce.com"

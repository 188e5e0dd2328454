"""A bare client for the tests of the simulator: no retries, no cleverness."""

from typing import Any, Self
from urllib.parse import quote

import httpx2

from tests.simulators.salesforce.server import SalesforceSimulator

API = "/services/data/v62.0"


class Client:
    def __init__(self, sf: SalesforceSimulator) -> None:
        self.sf = sf
        self.http = httpx2.AsyncClient(base_url=sf.url, timeout=10, verify=False)

    async def __aenter__(self) -> Self:
        await self.sign_in()
        return self

    async def sign_in(self) -> None:
        opened = await self.token(
            grant_type="client_credentials",
            client_id=self.sf.app.client_id,
            client_secret=self.sf.app.client_secret,
        )
        self.use(opened.json()["access_token"])

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    def use(self, access_token: str) -> None:
        self.http.headers["authorization"] = f"Bearer {access_token}"

    async def token(self, **form: str) -> httpx2.Response:
        return await self.http.post("/services/oauth2/token", data=form)

    async def get(self, path: str, **query: str) -> httpx2.Response:
        return await self.http.get(API + path, params=query)

    async def send(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        return await self.http.request(method, API + path, json=body)

    async def query(self, text: str, *, everything: bool = False) -> httpx2.Response:
        path = "/queryAll" if everything else "/query"
        return await self.http.get(f"{API}{path}?q={quote(text)}")

    async def rows(self, text: str, *, everything: bool = False) -> list[dict[str, Any]]:
        """All rows of a query, page by page."""
        page = (await self.query(text, everything=everything)).raise_for_status().json()
        rows: list[dict[str, Any]] = page["records"]
        while not page["done"]:
            page = (await self.http.get(page["nextRecordsUrl"])).raise_for_status().json()
            rows += page["records"]
        return rows

    async def create(self, sobject: str, **values: Any) -> str:
        made = await self.send("POST", f"/sobjects/{sobject}", values)
        return str(made.raise_for_status().json()["id"])


def error_of(response: httpx2.Response) -> tuple[int, str, str]:
    (error,) = response.json()
    return response.status_code, error["errorCode"], error["message"]

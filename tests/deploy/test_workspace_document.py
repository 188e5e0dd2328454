"""`/v1/openapi.json`: the document of one workspace, made by the gateway from the real services."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from deploy.checks.documents import operations
from tests.accounts_api.customers.objects.making import projects
from tests.accounts_api.records.making import make_trait
from tests.gateways import serving_gateway
from tests.harness import Tenure, Workspace

PATH = "/v1/openapi.json"


@pytest.fixture(scope="module")
async def client(tenure: Tenure) -> AsyncIterator[httpx2.AsyncClient]:
    async with (
        serving_gateway(tenure) as url,
        httpx2.AsyncClient(base_url=url, trust_env=False, timeout=60) as client,
    ):
        yield client


async def asked(client: httpx2.AsyncClient, ws: Workspace, **headers: str) -> httpx2.Response:
    key = {"authorization": f"Bearer {ws.keys['observer']}"}
    return await client.get(PATH, headers=key | headers)


async def typed(client: httpx2.AsyncClient, ws: Workspace) -> dict[str, Any]:
    answer = await asked(client, ws)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def test_it_is_the_published_document_with_what_the_workspace_added(
    tenure: Tenure, client: httpx2.AsyncClient
) -> None:
    ws = await tenure.workspace()
    await projects(ws)
    await make_trait(ws, "account", "seats", "number")
    document = await typed(client, ws)
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    published = (await client.get("/openapi.json")).json()
    added = operations(document).keys() - operations(published).keys()
    assert "GET /v1/objects/project" in added
    assert operations(published).keys() < operations(document).keys()
    ids = [operation["operationId"] for operation in operations(document).values()]
    assert len(ids) == len(set(ids))
    traits = document["components"]["schemas"]["AccountTraits"]["properties"]
    assert traits["seats"]["anyOf"][0] == {"type": "number"}
    record = document["components"]["schemas"]["AccountRecord"]["properties"]["traits"]
    assert record == {"$ref": "#/components/schemas/AccountTraits"}


async def test_it_is_sent_again_only_when_it_has_changed(
    tenure: Tenure, client: httpx2.AsyncClient
) -> None:
    ws, other = await tenure.workspace(), await tenure.workspace()
    first = await asked(client, ws)
    assert first.headers["cache-control"] == "private, no-cache"
    tag = first.headers["etag"]
    assert (await asked(client, ws, **{"if-none-match": tag})).status_code == 304
    await make_trait(other, "account", "likes", "string")
    theirs = await asked(client, other, **{"if-none-match": tag})
    assert "likes" in theirs.json()["components"]["schemas"]["AccountTraits"]["properties"]
    assert (await asked(client, ws)).content == first.content
    await make_trait(ws, "account", "seats", "number")
    changed = await asked(client, ws, **{"if-none-match": tag})
    assert (changed.status_code, changed.headers["etag"] != tag) == (200, True)


async def test_without_a_credential_there_is_none(
    tenure: Tenure, client: httpx2.AsyncClient
) -> None:
    refused = await client.get(PATH)
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["www-authenticate"]
    ws = await tenure.workspace()
    wrong = await client.get(PATH, headers={"authorization": f"Bearer {ws.keys['observer']}x"})
    assert wrong.status_code == 401


async def test_the_published_document_tells_of_it(client: httpx2.AsyncClient) -> None:
    published = (await client.get("/openapi.json")).json()
    operation = published["paths"][PATH]["get"]
    assert operation["operationId"] == "get_openapi_document"
    assert {"200", "304", "401"} <= operation["responses"].keys()

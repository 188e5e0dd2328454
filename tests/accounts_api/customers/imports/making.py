"""What the tests here make and ask."""

from typing import Any

from accounts_api.customers.import_destinations.rules import targets
from accounts_api.records.schema.record_schemas import ACCOUNT
from shared.traits.definitions import Definition
from tests.harness import Client, Tenure, Workspace

KNOWN = targets(
    ACCOUNT,
    ["id", "external_id", "name", "domain", "arr", "traits", "deleted"],
    {
        "name": Definition("name", "string"),
        "health_score": Definition("health_score", "number"),
        "spend": Definition("spend", "currency", currency="JPY"),
        "old": Definition("old", "string", deprecated=True),
        "worked_out": Definition("worked_out", "formula"),
    },
    {"csm": "Customer Success Manager"},
)


async def begin(
    ws: Workspace, record_type: str, text: str, by: Client | None = None, **more: Any
) -> dict[str, Any]:
    given = {"record_type": record_type, "file_name": "file.csv", "csv": text, **more}
    made = await (by or ws.team_member).post("/v1/imports", given)
    assert made.status_code == 201, made.text
    job: dict[str, Any] = made.json()
    assert made.headers["location"] == f"/v1/imports/{job['id']}"
    return job


async def run(
    tenure: Tenure, ws: Workspace, job: dict[str, Any], by: Client | None = None
) -> dict[str, Any]:
    path = f"/v1/imports/{job['id']}"
    started = await (by or ws.team_member).post(f"{path}/start", headers={"if-match": "*"})
    assert started.status_code == 202, started.text
    await tenure.settle()
    ended: dict[str, Any] = (await ws.observer.get(path)).json()
    assert ended["status"] == "finished", ended
    return ended


async def preview(ws: Workspace, job: dict[str, Any], by: Client | None = None) -> dict[str, Any]:
    answer = await (by or ws.observer).get(f"/v1/imports/{job['id']}/preview")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def rejected(ws: Workspace, job: dict[str, Any]) -> list[tuple[int, str | None, str]]:
    """Row, column and code of each fault."""
    page = await ws.admin.get(f"/v1/imports/{job['id']}/rows?status=rejected")
    return [
        (row["row"], error["column"], error["code"])
        for row in page.json()["data"]
        for error in row["errors"]
    ]


def counts(job: dict[str, Any]) -> tuple[int, ...]:
    return tuple(job[name] for name in ("created", "updated", "unchanged", "rejected"))

"""What the tests here make and ask."""

from typing import Any

from accounts_api.customers.import_destinations.rules import targets
from accounts_api.records.schema.record_schemas import ACCOUNT
from accounts_api.records.schema.trait_values import Definition
from tests.harness import Workspace

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


async def begin(ws: Workspace, record_type: str, text: str, **more: Any) -> dict[str, Any]:
    given = {"record_type": record_type, "file_name": "file.csv", "csv": text, **more}
    made = await ws.team_member.post("/v1/imports", given)
    assert made.status_code == 201, made.text
    job: dict[str, Any] = made.json()
    assert made.headers["location"] == f"/v1/imports/{job['id']}"
    return job


def counts(job: dict[str, Any]) -> tuple[int, ...]:
    return tuple(job[name] for name in ("created", "updated", "unchanged", "rejected"))

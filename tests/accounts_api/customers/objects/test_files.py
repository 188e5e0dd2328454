"""Instances of object types in files: imported, and exported again."""

from tests.accounts_api.customers.objects.making import projects
from tests.accounts_api.records.making import make
from tests.harness import Tenure

FILE = "External ID,Name,Account external ID,Hours,Contact ID\r\nP-1,=Roll-out,A-1,12,\r\n"


async def test_a_file_of_instances_is_imported_and_exported_again(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await projects(ws)
    account = await make(ws, "accounts", {"name": "Acme", "external_id": "A-1"})
    given = {"record_type": "project", "file_name": "projects.csv", "csv": FILE}
    job = await make(ws, "imports", given)
    assert [column["target"] for column in job["columns"]] == [
        "external_id", "name", "account_external_id", "traits.hours", None,
    ]  # fmt: skip
    path = f"/v1/imports/{job['id']}"
    seen = (await ws.admin.get(f"{path}/preview")).json()
    assert (seen["created"], seen["rejected"]) == (1, 0)
    await ws.admin.post(f"{path}/start", headers={"if-match": "*"})
    await tenure.settle()
    found = (await ws.admin.get("/v1/objects/project/by-external-id/P-1")).json()
    assert (found["account_id"], found["traits"]) == (account["id"], {"hours": 12})
    fields = {"fields": "external_id,name,traits.hours"}
    exported = await ws.admin.get("/v1/objects/project/export.csv", params=fields)
    assert exported.text.splitlines()[1].endswith("P-1,'=Roll-out,12")

    wrong = await ws.admin.post("/v1/imports", given | {"record_type": "crate"})
    assert wrong.json()["errors"][0]["code"] == "unknown_record_type"


async def test_a_file_for_a_type_that_went_meanwhile_is_not_written(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    kind = await projects(ws)
    given = {"record_type": "project", "file_name": "projects.csv", "csv": FILE}
    path = f"/v1/imports/{(await make(ws, 'imports', given))['id']}"
    await ws.admin.delete(f"/v1/object-types/{kind['id']}?force=true")
    started = await ws.admin.post(f"{path}/start", headers={"if-match": "*"})
    assert (started.status_code, started.json()["code"]) == (409, "record_type_gone")
    assert (await ws.admin.get(path)).json()["targets"] == []

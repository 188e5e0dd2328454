from tests.harness import Tenure


async def test_every_workspace_starts_with_the_mid_contract_review(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    page = (await ws.admin.get("/v1/note-templates")).json()
    assert [template["key"] for template in page["data"]] == ["scaled_mid_contract_review"]
    await ws.admin.post("/v1/note-templates", {"key": "calls", "title": "Calls", "body": "<p></p>"})
    first = (await ws.admin.get("/v1/note-templates?limit=1")).json()
    cursor = first["next_cursor"]
    rest = (await ws.admin.get(f"/v1/note-templates?limit=1&cursor={cursor}")).json()
    assert [one["key"] for one in first["data"] + rest["data"]] == [
        "calls",
        "scaled_mid_contract_review",
    ]
    assert not rest["has_more"]


async def test_editing_a_template_makes_a_new_version(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    path = "/v1/note-templates/scaled_mid_contract_review"
    edited = await ws.admin.patch(path, {"title": "Review, revised"}, if_match='"v1"')
    assert (edited.status_code, edited.json()["version"]) == (200, 2)
    late = await ws.admin.patch(path, {"title": "Review, again"}, if_match='"v1"')
    assert late.status_code == 412

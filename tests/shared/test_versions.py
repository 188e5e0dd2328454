"""`ETag`, `If-Match`, `If-None-Match` and `Location`, in every service and by one rule."""

from typing import Any, Final

import pytest

from tests.harness import Tenure

MADE: Final[dict[str, dict[str, Any]]] = {
    "/v1/accounts": {"name": "Acme"},
    "/v1/key-roles": {"key": "sponsor", "title": "Sponsor"},
    "/v1/segments": {"title": "Large", "record_type": "account", "rule": "arr > 5 USD"},
    "/v1/tasks": {"title": "Call"},
    "/v1/note-templates": {"key": "calls", "title": "Calls", "body": "<p>Who?</p>"},
    "/v1/webhook-endpoints": {"url": "https://127.0.0.1/hooks"},
}


@pytest.mark.parametrize("path", MADE)
async def test_what_has_a_version_is_read_again_only_when_it_has_changed(
    tenure: Tenure, path: str
) -> None:
    ws = await tenure.workspace()
    made = await ws.admin.post(path, MADE[path])
    assert made.status_code == 201, made.text
    place, tag = made.headers["location"], made.headers["etag"]
    assert place.startswith(f"{path}/")
    read = await ws.admin.get(place)
    assert (read.status_code, read.headers["etag"]) == (200, tag)
    for known in (tag, f"W/{tag}", f'"v9", {tag}', "*"):
        unchanged = await ws.admin.get(place, headers={"if-none-match": known})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["etag"] == tag
    other = await ws.admin.get(place, headers={"if-none-match": '"v9"'})
    assert (other.status_code, other.json()) == (200, read.json())


async def test_what_a_query_chooses_has_no_part_in_a_304(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await ws.admin.post("/v1/accounts", {"name": "Acme"})
    place, known = made.headers["location"], {"if-none-match": made.headers["etag"]}
    narrowed = await ws.admin.get(f"{place}?fields=name", headers=known)
    assert (narrowed.status_code, narrowed.headers["etag"]) == (200, made.headers["etag"])


async def test_what_is_shown_as_it_was_is_no_version_to_edit(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await ws.admin.post("/v1/accounts", {"name": "Acme"})
    past = {"as_of": (await ws.admin.get("/v1/workspace/clock")).json()["now"]}
    for fields in ({}, {"fields": "name"}):
        was = await ws.admin.get(made.headers["location"], params=past | fields)
        assert (was.status_code, "etag" in was.headers) == (200, False)


@pytest.mark.parametrize("path", ["/v1/accounts", "/v1/tasks", "/v1/webhook-endpoints"])
async def test_a_missing_body_is_told_before_a_missing_version(tenure: Tenure, path: str) -> None:
    ws = await tenure.workspace()
    place = (await ws.admin.post(path, MADE[path])).headers["location"]
    headers = {"content-type": "application/json"}
    bare = await ws.admin.request("PATCH", place, headers=headers)
    assert (bare.status_code, bare.json()["errors"][0]["code"]) == (422, "required")
    unversioned = await ws.admin.patch(place, {}, if_match=None)
    assert (unversioned.status_code, unversioned.json()["code"]) == (428, "if_match_required")

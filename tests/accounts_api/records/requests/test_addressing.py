"""A record that was made under an external id is found under it."""

from urllib.parse import quote

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.accounts_api.records.making import bulk, make
from tests.harness import Tenure

IDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
ODD = [
    "..",
    ".",
    "a/..",
    r"a\..\b",
    "a\nb",
    "\u2028",
    "a/b",
    "/a",
    "a/",
    "a//b",
    "%2e%2e",
    "?",
    "#",
]


@settings(
    max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(IDS, min_size=10, max_size=25))
@example(ODD)
async def test_what_can_be_made_by_an_external_id_can_be_read_by_it(
    tenure: Tenure, ids: list[str]
) -> None:
    ws = await tenure.workspace()
    rows = await bulk(ws, "accounts", [{"external_id": id_, "name": "A"} for id_ in ids])
    made = [row["external_id"] for row in rows if row["status"] == "created"]
    for id_ in made:
        read = await ws.admin.get(f"/v1/accounts/by-external-id/{quote(id_, safe='')}")
        assert (read.status_code, read.json().get("external_id")) == (200, id_), repr(id_)
    for row, id_ in zip(rows, ids, strict=True):
        assert row["status"] == "rejected" or row["external_id"] == id_.strip()


async def test_a_path_that_is_not_utf_8_is_no_path(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make(ws, "accounts", {"name": "A", "external_id": "\ufffd"})
    for path in ("%fe", "%ff", "%ed%a0%80"):
        for method in (ws.admin.get, ws.admin.delete):
            answer = await method(f"/v1/accounts/by-external-id/{path}")
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert (await ws.admin.put("/v1/accounts/by-external-id/%fe", {"name": "A"})).status_code == 400
    assert (await ws.admin.get("/v1/accounts/by-external-id/%EF%BF%BD")).status_code == 200

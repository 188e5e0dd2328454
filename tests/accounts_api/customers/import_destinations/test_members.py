"""A file of members: who works here and who left, without a word to any of them."""

from tests.accounts_api.customers.imports.making import begin, counts, preview, rejected, run
from tests.accounts_api.identity.members.making import key_with
from tests.accounts_api.records.making import events_of
from tests.harness import Tenure

MEMBERS = (
    "Name,Email,Role,Status,User Id\n"
    "Ada Byron,Ada@northwind.example,Team Member,Active,u-1\n"
    "Bea Left,bea@northwind.example,leader,Deactivated,u-2\n"
    "Carl,carl@northwind.example,,,\n"
    ",dora@northwind.example,observer,active,\n"
    "Eve,not an address,observer,active,\n"
    "Fred,fred@northwind.example,owner,perhaps,\n"
    "Gil,gil@northwind.example,observer,active,u-1\n"
)


async def test_members_come_in_with_their_roles_and_those_who_left_stay_out(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    job = await begin(ws, "member", MEMBERS, ws.admin)
    assert {column["name"]: column["target"] for column in job["columns"]} == {
        "Name": "full_name",
        "Email": "email",
        "Role": "role",
        "Status": "active",
        "User Id": None,
    }
    await ws.admin.patch(f"/v1/imports/{job['id']}", {"mapping": {"User Id": "external_id"}})
    before = len((await ws.admin.get("/v1/members")).json()["data"])
    seen = await preview(ws, job, ws.admin)
    assert counts(seen) == (3, 0, 0, 4)
    assert len((await ws.admin.get("/v1/members")).json()["data"]) == before
    assert counts(await run(tenure, ws, job, ws.admin)) == counts(seen)
    assert await rejected(ws, job) == [
        (5, "Name", "required"),
        (6, "Email", "invalid_address"),
        (7, "Status", "not_a_boolean"),
        (8, None, "external_id_taken"),
    ]
    ada, bea, carl = [
        (await ws.admin.get("/v1/members", params={"email": f"{name}@northwind.example"})).json()[
            "data"
        ][0]
        for name in ("ada", "bea", "carl")
    ]
    assert (ada["full_name"], ada["role"], ada["external_id"]) == (
        "Ada Byron",
        "team_member",
        "u-1",
    )
    assert (bea["role"], bea["active"]) == ("leader", False)
    assert (carl["role"], carl["active"]) == ("observer", True)
    told = await events_of(tenure, ws, "accounts.member_changed.v1")
    made = (await ws.admin.get(f"/v1/imports/{job['id']}/rows?status=created")).json()["data"]
    assert [row["record_id"] for row in made] == [ada["id"], bea["id"], carl["id"]]
    second = await begin(ws, "member", MEMBERS.replace("Ada@", "ADA@"), ws.admin)
    await ws.admin.patch(f"/v1/imports/{second['id']}", {"mapping": {"User Id": "external_id"}})
    assert counts(await run(tenure, ws, second, ws.admin)) == (0, 0, 3, 4)
    assert await events_of(tenure, ws, "accounts.member_changed.v1") == told
    ended = await begin(ws, "member", "email,active\nada@northwind.example,no", ws.admin)
    assert counts(await run(tenure, ws, ended, ws.admin)) == (0, 1, 0, 0)
    assert (await ws.admin.get(f"/v1/members/{ada['id']}")).json()["active"] is False


async def test_a_file_gives_nobody_more_than_its_importer_may_give(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    body = {"record_type": "member", "file_name": "m.csv", "csv": MEMBERS}
    for client in (ws.team_member, ws.leader):
        refused = await client.post("/v1/imports", body)
        assert (refused.status_code, refused.json()["permission"]) == (403, "members:write")
    scopes = ["records:read", "records:write", "members:read", "members:write"]
    narrow = await key_with(ws, tenure, role="admin", scopes=scopes)
    text = "email,full_name,role\na@n.example,A,admin\nb@n.example,B,observer"
    job = await begin(ws, "member", text, narrow)
    refused = await ws.team_member.post(f"/v1/imports/{job['id']}/start", headers={"if-match": "*"})
    assert (refused.status_code, refused.json()["permission"]) == (403, "members:write")
    assert counts(await preview(ws, job, narrow)) == (1, 0, 0, 1)
    assert counts(await run(tenure, ws, job, narrow)) == (1, 0, 0, 1)
    assert await rejected(ws, job) == [(2, None, "role_beyond_own")]


async def test_seats_are_counted_over_the_whole_file(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    paid = [
        one
        for one in (await ws.admin.get("/v1/members")).json()["data"]
        if one["role"] != "observer"
    ]
    await ws.admin.patch("/v1/workspace", {"settings": {"seat_limit": len(paid) + 1}})
    text = "email,full_name,role\n" + "".join(
        f"{name}@n.example,{name},team_member\n" for name in "abc"
    )
    job = await begin(ws, "member", text, ws.admin)
    assert counts(await preview(ws, job, ws.admin)) == (1, 0, 0, 2)
    assert counts(await run(tenure, ws, job, ws.admin)) == (1, 0, 0, 2)
    assert {code for _, _, code in await rejected(ws, job)} == {"seat_limit"}


async def test_an_import_ends_when_whoever_started_it_may_no_more(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    key = (await ws.admin.post("/v1/api-keys", {"name": "import", "role": "admin"})).json()
    client = tenure.client(authorization=f"Bearer {key['secret']}")
    job = await begin(ws, "member", "email,full_name\na@n.example,A", client)
    path = f"/v1/imports/{job['id']}"
    assert (await client.post(f"{path}/start", headers={"if-match": "*"})).status_code == 202
    assert (await ws.admin.post(f"/v1/api-keys/{key['id']}/revoke")).is_success
    await tenure.settle()
    ended = (await ws.admin.get(path)).json()
    assert (ended["status"], counts(ended)) == ("failed", (0, 0, 0, 0))
    assert ended["failure"] == "Whoever started it may not write these any more."

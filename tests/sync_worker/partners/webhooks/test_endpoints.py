from typing import Any

import pytest
from sqlalchemy import text

from tests.harness import Tenure
from tests.sync_worker.partners.making import Partner

PATH = "/v1/webhook-endpoints"
PRIVATE = [
    "https://10.0.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::a00:1]/",
    "https://0x0a000001/",
    "https://192.168.0.1:8443/",
    "https://localhost.invalid/",
    "http://8.8.8.8/",
    "https://8.8.8.8:22/",
]


async def test_a_secret_is_shown_once_and_never_stored_in_the_clear(
    partner: Partner, tenure: Tenure
) -> None:
    body = {"url": partner.sink.url("crm"), "headers": {"Authorization": "Bearer hush"}}
    made = await partner.ws.admin.post(PATH, body)
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    assert made.headers["location"] == f"{PATH}/{made.json()['id']}"
    secret = made.json()["secret"]
    assert secret.startswith("whsec_")
    shown = await partner.get(made.headers["location"])
    assert shown == {k: v for k, v in made.json().items() if k != "secret"}
    assert shown["header_names"] == ["Authorization"]
    for table in ("webhook_endpoints", "webhook_secrets"):
        async with tenure.workers["sync"].units.begin(partner.ws.id, ()) as uow:
            rows = await uow.connection.execute(text(f"select t::text from {table} t"))
            stored = "".join(rows.scalars())
        assert secret not in stored
        assert secret.removeprefix("whsec_").encode().hex() not in stored
        assert b"hush".hex() not in stored


async def test_a_repeated_request_makes_one_endpoint_and_shows_its_secret(
    partner: Partner,
) -> None:
    body, headers = {"url": partner.sink.url("crm")}, {"idempotency-key": "once"}
    first = await partner.ws.admin.post(PATH, body, headers=headers)
    again = await partner.ws.admin.post(PATH, body, headers=headers)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    assert len((await partner.get(PATH))["data"]) == 1


@pytest.mark.parametrize("url", PRIVATE)
async def test_an_address_that_must_not_be_called_is_refused(partner: Partner, url: str) -> None:
    """Loopback is allowed for the sinks of these tests; all else is as in production."""
    made = await partner.ws.admin.post(PATH, {"url": url})
    assert made.status_code == 422
    (fault,) = made.json()["errors"]
    assert (fault["pointer"], fault["code"]) == ("/url", "unreachable")
    assert fault["message"] == "The host could not be reached."
    await partner.endpoint("crm")
    edited = await partner.ws.admin.patch(f"{PATH}/{partner.ids['crm']}", {"url": url})
    assert edited.status_code == 422
    assert edited.json()["errors"][0]["code"] == "unreachable"


@pytest.mark.parametrize(
    "body",
    [
        {"types": ["account.exploded"]},
        {"types": []},
        {"types": ["acount.*"]},
        {"headers": {"webhook-id": "x"}},
        {"headers": {"X": "a\r\nb: c"}},
        {"headers": {"X": "a\n"}},
        {"headers": {"X\n": "a"}},
        {"headers": {"X": 7}},
        {"url": "https://partner.example/" + "x" * 2000},
        {"url": "https://exa\nmple.com/"},
        {"url": "https://" + "ö" * 80 + ".example/"},
        {"headers": {f"X-{n}": "x" for n in range(21)}},
        {"url": "https://ben:secret@partner.example/"},
        {"url": "not a url at all"},
        {"secret": "whsec_mine"},
    ],
)
async def test_what_cannot_work_is_refused(partner: Partner, body: dict[str, Any]) -> None:
    made = await partner.ws.admin.post(PATH, {"url": partner.sink.url("crm"), **body})
    assert made.status_code == 422, made.text
    assert made.json()["errors"][0]["pointer"].startswith(f"/{next(iter(body))}")


async def test_an_edit_names_the_version_it_edits(partner: Partner) -> None:
    await partner.endpoint("crm")
    path = f"{PATH}/{partner.ids['crm']}"
    blind = await partner.ws.admin.patch(path, {"description": "a"}, if_match=None)
    assert blind.status_code == 428
    edited = await partner.ws.admin.patch(path, {"types": ["task.*"]}, if_match='"v1"')
    assert edited.status_code == 200
    assert edited.headers["etag"] == '"v2"'
    assert edited.json()["types"] == ["task.*"]
    late = await partner.ws.admin.patch(path, {"description": "b"}, if_match='"v1"')
    assert late.status_code == 412


async def test_a_workspace_has_at_most_fifty(partner: Partner) -> None:
    for _ in range(50):
        made = await partner.ws.admin.post(PATH, {"url": partner.sink.url("crm")})
        assert made.status_code == 201
    more = await partner.ws.admin.post(PATH, {"url": partner.sink.url("crm")})
    assert more.status_code == 409
    assert more.json()["code"] == "too_many_webhook_endpoints"
    listed = await partner.get(f"{PATH}?limit=30")
    rest = await partner.get(f"{PATH}?limit=30&cursor={listed['next_cursor']}")
    ids = [each["id"] for each in listed["data"] + rest["data"]]
    assert ids == sorted(set(ids))
    assert len(ids) == 50


async def test_after_a_rotation_both_secrets_sign_for_a_day(partner: Partner) -> None:
    await partner.endpoint("crm")
    old = partner.secrets["crm"]
    path = f"{PATH}/{partner.ids['crm']}/rotate-secret"
    rotated = await partner.ws.admin.post(path)
    assert rotated.status_code == 200
    new = rotated.json()["secret"]
    assert new != old
    for known, expected in (([old], [0]), ([new], [0]), ([old, new], [0, 1])):
        partner.sink.endpoint("crm", secrets=known)
        await partner.happen()
        await partner.settle()
        assert partner.received("crm")[-1].signed_by == expected
    await partner.sql(
        "update webhook_secrets set expires_at = clock_timestamp() - interval '1 second'"
        " where workspace_id = :workspace_id and expires_at is not null"
    )
    await partner.happen()
    await partner.settle()
    assert partner.received("crm")[-1].signed_by == [1]


async def test_secrets_pile_up_only_so_far(partner: Partner) -> None:
    await partner.endpoint("crm")
    path = f"{PATH}/{partner.ids['crm']}/rotate-secret"
    statuses = [(await partner.ws.admin.post(path)).status_code for _ in range(6)]
    assert statuses == [200] * 4 + [409] * 2
    await partner.happen()
    await partner.settle()
    (delivery,) = partner.received("crm")
    assert delivery.verified
    assert len((delivery.header("webhook-signature") or "").split(" ")) == 5


async def test_a_removed_endpoint_hears_nothing_and_leaves_nothing(
    partner: Partner, tenure: Tenure
) -> None:
    await partner.endpoint("crm")
    await partner.happen()
    await partner.settle()
    path = f"{PATH}/{partner.ids['crm']}"
    assert (await partner.ws.admin.delete(path)).status_code == 204
    assert (await partner.ws.admin.get(path)).status_code == 404
    await partner.happen()
    await partner.settle()
    assert len(partner.received("crm")) == 1
    for table in ("webhook_endpoints", "webhook_secrets", "webhook_deliveries", "webhook_attempts"):
        left = await partner.sql(f"select count(*) from {table} where workspace_id = :workspace_id")
        assert left.scalar_one() == 0, table

"""Drafts, versions, previews, mailboxes: what people configure."""

from typing import Any
from uuid import UUID

import pytest

from shared.ids import new_id
from tests.sequencer.renewals import Renewals, made, step


def errors(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


async def create(renewals: Renewals, **fields: Any) -> Any:
    body = {"title": "Renewals", "steps": [step(90)], **fields}
    return await renewals.ws.leader.post("/v1/sequences", body)


async def test_a_template_is_judged_when_it_is_written(renewals: Renewals) -> None:
    steps = [
        step(90, text="Hi\n{{ contact.firstname }} {{ unsubscribe_url }}"),
        step(60, subject="{{ account.name", html="{{ contact.name | shout }}"),
    ]
    answer = await create(renewals, steps=steps)
    assert errors(answer) == [
        ("/steps/0/text", "unknown_variable"),
        ("/steps/1/subject", "template_syntax"),
        ("/steps/1/html", "unknown_filter"),
    ]
    first = answer.json()["errors"][0]
    assert (first["line"], first["column"]) == (2, 4)
    assert "contact.first_name" in first["message"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"steps": []}, "/steps"),
        ({"steps": [step(0)]}, "/steps/0/offset_days"),
        ({"steps": [step(90, subject="two\nlines")]}, "/steps/0/subject"),
        ({"steps": [{**step(90), "typo": 1}]}, "/steps/0/typo"),
        ({"sender": {}}, "/sender"),
        ({"sender": {"mailbox_id": str(UUID(int=7))}}, "/sender/mailbox_id"),
        ({"send_window": {"start": "17:00", "end": "09:00"}}, "/send_window"),
        ({"send_window": {"start": "25:00"}}, "/send_window/start"),
        ({"anchor": "account.birthday"}, "/anchor"),
        ({"title": " "}, "/title"),
    ],
)
async def test_a_faulty_definition_is_refused_with_a_pointer(
    renewals: Renewals, fields: dict[str, Any], pointer: str
) -> None:
    assert pointer in [found for found, _ in errors(await create(renewals, **fields))]


async def test_two_steps_of_one_day_are_refused(renewals: Renewals) -> None:
    answer = await create(renewals, steps=[step(90), step(90)])
    assert answer.status_code == 422


async def test_a_title_is_used_once_until_it_is_archived(renewals: Renewals) -> None:
    first = made(await create(renewals))
    taken = await create(renewals)
    assert (taken.status_code, taken.json()["code"]) == (409, "title_taken")
    await renewals.ws.leader.delete(f"/v1/sequences/{first['id']}")
    assert (await create(renewals)).status_code == 201
    listed = (await renewals.ws.observer.get("/v1/sequences")).json()["data"]
    assert [one["state"] for one in listed] == ["draft"]
    archived = (await renewals.ws.observer.get("/v1/sequences?state=archived")).json()["data"]
    assert [one["id"] for one in archived] == [first["id"]]
    edited = await renewals.ws.leader.patch(f"/v1/sequences/{first['id']}", {"title": "x"})
    assert (edited.status_code, edited.json()["code"]) == (409, "sequence_archived")


async def test_only_what_is_published_can_be_enabled(renewals: Renewals) -> None:
    path = f"/v1/sequences/{made(await create(renewals))['id']}"
    refused = await renewals.ws.leader.post(f"{path}/enable")
    assert (refused.status_code, refused.json()["code"]) == (409, "sequence_not_published")
    published = made(await renewals.ws.leader.post(f"{path}/publish"))
    assert (published["state"], published["published_version"]) == ("draft", 1)
    again = made(await renewals.ws.leader.post(f"{path}/publish"))
    assert again["published_version"] == 1, "nothing changed, so no new version"
    enabled = made(await renewals.ws.leader.post(f"{path}/enable"))
    assert (enabled["state"], enabled["has_unpublished_changes"]) == ("enabled", False)
    assert (await renewals.ws.team_member.post(f"{path}/disable")).status_code == 403


async def test_a_patch_merges_and_needs_the_version_it_edits(renewals: Renewals) -> None:
    await renewals.furnish()
    draft = made(await create(renewals, entry={"late_grace_days": 3, "manual_flag": False}))
    path = f"/v1/sequences/{draft['id']}"
    edited = await renewals.ws.leader.patch(
        path, {"entry": {"late_grace_days": 5}}, if_match=f'"v{draft["version"]}"'
    )
    merged = {"late_grace_days": 5, "require_deal_room": True, "manual_flag": False}
    assert edited.json()["entry"] == merged
    assert edited.headers["etag"] == f'"v{draft["version"] + 1}"'
    stale = await renewals.ws.leader.patch(path, {"title": "x"}, if_match='"v1"')
    assert stale.status_code == 412
    assert (await renewals.ws.leader.patch(path, {"title": "x"}, if_match=None)).status_code == 428
    assert errors(await renewals.ws.leader.patch(path, {"steps": None}))[0][0] == "/steps"
    assert errors(await renewals.ws.leader.patch(path, {"title": None})) == [("/title", "required")]
    [mailbox] = (await renewals.ws.admin.get("/v1/mailboxes")).json()["data"]
    shared = {"mailbox_id": mailbox["id"]}
    moved = await renewals.ws.leader.patch(path, {"sender": shared})
    assert moved.json()["sender"] == {"key_role": None, **shared}


async def test_who_entered_stays_on_the_version_it_entered(renewals: Renewals) -> None:
    await renewals.furnish()
    sequence = await renewals.sequence(90, 60, caps={"contact_per_day": 10})
    path = f"/v1/sequences/{sequence['id']}"
    first = await renewals.opportunity()
    steps = [{**one, "subject": "New words"} for one in sequence["steps"]]
    await renewals.ws.leader.patch(path, {"steps": steps})
    await renewals.ws.leader.post(f"{path}/publish")
    second = await renewals.opportunity(contract_expiration="2026-06-01")
    versions = (await renewals.ws.observer.get(f"{path}/versions")).json()["data"]
    assert [one["number"] for one in versions] == [2, 1]
    assert (await renewals.enrollment(first))["sequence_version"] == 1
    assert (await renewals.enrollment(second))["sequence_version"] == 2
    await renewals.on(30)
    assert "Acme: 60 days" in [mail.subject for mail in renewals.sent()]


async def test_every_form_of_a_mail_names_the_way_out(renewals: Renewals) -> None:
    out = "{{ unsubscribe_url }}"
    steps = [
        step(90, text="Hi"),
        step(60, html="<p>Hi</p>"),
        step(30, html=f"<a href='{out}'>x</a>"),
        step(14, text="{% if contact.title %}" + out + "{% endif %}"),
    ]
    answer = await create(renewals, steps=steps)
    assert errors(answer) == [
        ("/steps/0/text", "no_unsubscribe_link"),
        ("/steps/1/html", "no_unsubscribe_link"),
    ]


async def test_a_segment_of_another_kind_is_refused(renewals: Renewals) -> None:
    await renewals.furnish()
    answer = await create(renewals, account_segment_id=str(renewals.audience))
    assert errors(answer) == [("/account_segment_id", "wrong_segment_type")]
    known = made(await create(renewals, audience_segment_id=str(renewals.audience)))
    assert known["audience_title"] == "Due within 90 days"


async def test_a_preview_renders_every_step_for_one_record(renewals: Renewals) -> None:
    await renewals.furnish()
    opportunity_id = await renewals.opportunity()
    html = "<p>{{ contact.name }}</p><!-- {{ unsubscribe_url }} -->"
    steps = [step(90, html=html), step(60, text="{{ contact.title }} {{ unsubscribe_url }}")]
    draft = made(await create(renewals, steps=steps))
    path = f"/v1/sequences/{draft['id']}/preview"
    shown = made(await renewals.ws.observer.post(path, {"opportunity_id": str(opportunity_id)}))
    assert (shown["recipient"], shown["sender"]) == ("ann@acme.example", "dana@northwind.example")
    first, second = shown["steps"]
    assert first["subject"] == "Acme: 90 days"
    assert first["html"].startswith("<p>Ann Lee</p>")
    assert shown["send_deadline"] == "2026-05-30T23:59:00Z"
    assert (first["day"], first["due_at"]) == ("2026-03-02", "2026-03-02T09:00:00Z")
    assert second["problem"] == "contact.title has no value for this record."
    unknown = await renewals.ws.observer.post(path, {"opportunity_id": str(new_id())})
    assert errors(unknown) == [("/opportunity_id", "unknown_opportunity")]
    window = {"start": "09:00", "end": "17:00", "skip_public_holidays": True}
    await renewals.ws.admin.patch(f"/v1/sequences/{draft['id']}", {"send_window": window})
    for country, warning in ((None, "has no country"), ("Germny", "Did you mean DE"), ("DE", "")):
        await renewals.told(renewals.account_event(country=country))
        shown = made(await renewals.ws.observer.post(path, {"opportunity_id": str(opportunity_id)}))
        told = [one["message"] for one in shown["warnings"] if "country" in one["code"]]
        assert warning in "".join(told)
        assert bool(told) is bool(warning)
    await renewals.change(opportunity_id, contract_expiration=None, account_id=None)
    bare = made(await renewals.ws.observer.post(path, {"opportunity_id": str(opportunity_id)}))
    assert bare["steps"][0]["due_at"] is None
    assert "account.name" in bare["steps"][0]["problem"]


async def test_a_mailbox_never_shows_its_password(renewals: Renewals) -> None:
    await renewals.furnish()
    listed = await renewals.ws.admin.get("/v1/mailboxes")
    assert "a password of the sandbox" not in listed.text
    [mailbox] = listed.json()["data"]
    assert mailbox["smtp"]["has_password"] is True
    assert (await renewals.ws.observer.get("/v1/mailboxes")).status_code == 403
    assert (await renewals.ws.leader.post("/v1/mailboxes", {})).status_code == 403
    body = {
        "email": "DANA@northwind.example",
        "display_name": "Again",
        "smtp": {"host": "127.0.0.1", "port": renewals.mail.smtp_port},
    }
    taken = await renewals.ws.admin.post("/v1/mailboxes", body)
    assert (taken.status_code, taken.json()["code"]) == (409, "mailbox_taken")


@pytest.mark.parametrize(
    ("host", "port", "tls"),
    [
        ("127.0.0.1", 1, "opportunistic"),
        ("169.254.169.254", 587, "starttls"),
        ("10.0.0.1", 587, "starttls"),
        ("localhost.invalid", 587, "starttls"),
        ("[::1]", 587, "starttls"),
    ],
)
async def test_a_host_that_may_not_be_dialled_reads_as_unreachable(
    renewals: Renewals, host: str, port: int, tls: str
) -> None:
    body = {
        "email": "dana@northwind.example",
        "display_name": "Dana",
        "smtp": {"host": host, "port": port, "tls": tls},
    }
    answer = await renewals.ws.admin.post("/v1/mailboxes", body)
    if answer.status_code == 422:
        return
    tested = await renewals.ws.admin.post(f"/v1/mailboxes/{answer.json()['id']}/test")
    assert tested.json()["ok"] is False
    assert tested.json()["stage"] == "connect"

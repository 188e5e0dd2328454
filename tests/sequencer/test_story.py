"""The main path: enter by audience, send by SMTP, go on day by day, complete."""

from tests.sequencer.renewals import CSM_MAILBOX, Renewals


async def test_a_renewal_gets_its_mails_day_by_day_and_is_through(renewals: Renewals) -> None:
    await renewals.furnish()
    await renewals.sequence(90, 60, 30)
    opportunity_id = await renewals.opportunity()

    first = renewals.sent()
    assert [mail.subject for mail in first] == ["Acme: 90 days"]
    assert first[0].sender == CSM_MAILBOX
    assert first[0].recipients == ("ann@acme.example",)
    assert "Hi Ann," in (first[0].text or "")
    enrollment = await renewals.enrollment(opportunity_id)
    assert enrollment["state"] == "active"
    assert enrollment["next_due_at"] == "2026-04-01T09:00:00Z"

    await renewals.on(29)
    assert len(renewals.sent()) == 1
    await renewals.on(30)
    await renewals.on(60)
    mails = renewals.sent()
    assert [mail.subject for mail in mails] == ["Acme: 90 days", "Acme: 60 days", "Acme: 30 days"]
    assert mails[2].header("In-Reply-To") == mails[1].message_id
    ended = await renewals.enrollment(opportunity_id)
    assert (ended["state"], ended["exit_reason"]) == ("exited", "completed")
    told = await renewals.events("message_sent")
    assert [one["internet_message_id"] for one in told] == [mail.message_id for mail in mails]

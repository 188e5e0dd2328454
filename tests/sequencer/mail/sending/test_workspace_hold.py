"""A workspace whose sending is on hold sends nothing, and goes on where it stood."""

from tests.sequencer.renewals import Renewals


async def test_nothing_leaves_while_sending_is_on_hold(renewals: Renewals) -> None:
    await renewals.furnish()
    await renewals.sequence(90, 60)
    await _hold(renewals, on=True)
    await renewals.opportunity()
    assert renewals.sent() == []
    await _hold(renewals, on=False)
    assert [mail.subject for mail in renewals.sent()] == ["Acme: 90 days"]


async def _hold(renewals: Renewals, *, on: bool) -> None:
    settings = {"settings": {"holds": {"sending": on}}}
    answer = await renewals.ws.admin.patch("/v1/workspace", settings)
    assert answer.status_code == 200, answer.text
    await renewals.tenure.settle()

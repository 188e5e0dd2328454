"""A hand takes several deliveries along to an endpoint that is quick, and gives back what it does
not get to.
"""

import asyncio
from uuid import UUID

import pytest

from sync_worker.partners.webhook_deliveries.rules import HAND_SECONDS, MOST_IN_HAND, load_of_hand
from sync_worker.partners.webhook_sending.jobs import Sender
from tests.harness import Tenure
from tests.simulators.webhooks import Step, gone
from tests.sync_worker.partners.making import Partner

MANY = [str(number) for number in range(50)]


def sender_that_knows(partner: Partner, name: str) -> Sender:
    """The endpoint was quick when it last answered."""
    made = Sender()
    made._paces[UUID(partner.ids[name])] = 0.001
    return made


async def states(partner: Partner) -> list[tuple[str, int, bool]]:
    """Status, attempts, and whether it is in somebody's hand."""
    rows = await partner.sql(
        "select status, attempts, lease_token is not null from webhook_deliveries"
        " where workspace_id = :workspace_id"
    )
    return [tuple(row) for row in rows.all()]


@pytest.mark.parametrize(
    ("pace", "load"),
    [(None, 1), (0.0, MOST_IN_HAND), (HAND_SECONDS / 3, 3), (HAND_SECONDS, 1), (15.0, 1)],
)
def test_a_hand_takes_what_it_can_send_in_its_time(pace: float | None, load: int) -> None:
    assert load_of_hand(pace) == load


async def test_what_waits_in_a_hand_behind_a_slow_answer_is_put_back(
    partner: Partner, tenure: Tenure
) -> None:
    await partner.endpoint("crm", [Step(delay=8 * HAND_SECONDS, times=None)])
    await partner.happen(*MANY)
    await partner.hear()
    sender = sender_that_knows(partner, "crm")
    await sender.step(tenure.workers["sync"])
    in_hand = ("pending", 1, True)
    assert (await states(partner)).count(in_hand) == 5 * MOST_IN_HAND
    async with asyncio.timeout(7 * HAND_SECONDS):
        while (await states(partner)).count(in_hand) > 5:
            await sender.step(tenure.workers["sync"])
    untouched = ("pending", 0, False)
    assert (await states(partner)).count(untouched) == 45
    assert len(partner.received("crm")) == 5
    await partner.ws.admin.post(f"/v1/webhook-endpoints/{partner.ids['crm']}/disable")
    while await sender.step(tenure.workers["sync"]):
        pass


async def test_after_a_failure_a_hand_sends_nothing_more(partner: Partner) -> None:
    await partner.endpoint("crm", [Step(times=5), *gone()])
    await partner.happen(*MANY)
    await partner.settle()
    assert len(partner.received("crm")) <= 5 + 5
    untouched = ("pending", 0, False)
    assert (await states(partner)).count(untouched) == 50 - len(partner.received("crm"))


async def test_a_worker_that_is_to_stop_finishes_what_is_under_way_and_puts_back_the_rest(
    partner: Partner, tenure: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    await partner.endpoint("crm", [Step(delay=HAND_SECONDS / 4, times=None)])
    await partner.happen(*MANY)
    await partner.hear()
    service, sender = tenure.workers["sync"], sender_that_knows(partner, "crm")
    await sender.step(service)
    with monkeypatch.context() as stopping:
        stopping.setattr(service, "draining", True)
        await sender.step(service)
    sent = len(partner.received("crm"))
    assert 5 <= sent < 5 * MOST_IN_HAND
    assert sorted(await states(partner)) == sorted(
        [("succeeded", 1, False)] * sent + [("pending", 0, False)] * (50 - sent)
    )
    await partner.settle()
    received = partner.received("crm")
    assert len({each.webhook_id for each in received}) == len(received) == 50

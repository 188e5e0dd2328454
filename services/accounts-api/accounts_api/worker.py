"""The queue door: what this service does when others speak, and what falls due."""

import asyncio

from accounts_api.contacts.handlers import on_contact_bounced, on_contact_unsubscribed
from accounts_api.history.jobs import partitions_loop
from accounts_api.lifecycle import service as lifecycle
from accounts_api.opportunities.handlers import on_message_sent
from accounts_api.segments import service as segments
from accounts_api.traits.jobs import clearing_loop
from accounts_api.watching.jobs import rules_loop, self_check_loop
from shared.events.sequences import ContactBounced, ContactUnsubscribed, MessageSent
from shared.feed.consumer import Handlers
from shared.service import Service
from shared.settings import Settings
from shared.worker import Loop, feed_loops, run_worker

HANDLERS: Handlers = {
    ContactBounced: [on_contact_bounced],
    ContactUnsubscribed: [on_contact_unsubscribed],
    MessageSent: [on_message_sent],
}


def loops(service: Service) -> list[Loop]:
    segments.subscribe()
    lifecycle.subscribe()
    return [
        *feed_loops(service, HANDLERS),
        rules_loop(),
        self_check_loop(),
        partitions_loop(),
        clearing_loop(),
    ]


async def main() -> None:
    service = Service.build("accounts", Settings())
    await run_worker(service, loops(service))


if __name__ == "__main__":
    asyncio.run(main())

"""The worker process: this service handles the events of others, and does what falls due."""

import asyncio

from shared.service import Service
from shared.settings import Settings
from shared.worker import Loop, feed_loops, run_worker
from sync_worker.connections import service as connections
from sync_worker.crm_sync.inbound import jobs as inbound
from sync_worker.crm_sync.write_backs import jobs as write_backs
from sync_worker.mail.mailbox import jobs as mailbox
from sync_worker.mail.mailbox import service as mailbox_service
from sync_worker.partners.partner_events import service as partner_events
from sync_worker.partners.webhook_sending import jobs as webhook_sending
from sync_worker.partners.webhooks import service as webhooks
from sync_worker.runner.runs import service as runs
from sync_worker.subscriptions import SUBSCRIPTIONS


def build(settings: Settings) -> Service:
    return Service.build("sync", settings)


def loops(service: Service) -> list[Loop]:
    return [
        *feed_loops(service, SUBSCRIPTIONS),
        inbound.loop(),
        mailbox.loop(),
        write_backs.loop(),
        *webhook_sending.loops(),
        Loop("partner-event-retention", partner_events.forget_old, every=600.0),
        Loop("removed-webhook-endpoints", webhooks.forget_old, every=600.0),
        Loop("removed-connections", connections.remove_purged, every=60.0),
        Loop("sync-run-retention", runs.forget_old, every=600.0),
        Loop("mail-retention", mailbox_service.forget_old, every=3_600.0),
    ]


async def main() -> None:
    service = build(Settings.read())
    await run_worker(service, loops(service))


if __name__ == "__main__":
    asyncio.run(main())

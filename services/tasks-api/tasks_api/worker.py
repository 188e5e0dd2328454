"""The worker process: this service handles the events of others, and does what falls due."""

import asyncio

from shared.service import Service
from shared.settings import Settings
from shared.worker import Loop, feed_loops, run_worker
from tasks_api.kinds import KINDS
from tasks_api.notes.notes.jobs import write_fields
from tasks_api.records.trait_values.jobs import conversion_loop
from tasks_api.subscriptions import SUBSCRIPTIONS
from tasks_api.work.tasks.jobs import publish_breaches


def build(settings: Settings) -> Service:
    return Service.build("tasks", settings)


def loops(service: Service) -> list[Loop]:
    return [
        *feed_loops(service, SUBSCRIPTIONS),
        Loop("breaches", publish_breaches),
        Loop("note-fields", write_fields),
        conversion_loop(KINDS),
    ]


async def main() -> None:
    service = build(Settings.read())
    await run_worker(service, loops(service))


if __name__ == "__main__":
    asyncio.run(main())

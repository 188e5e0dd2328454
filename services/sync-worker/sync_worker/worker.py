"""The queue door: what this service does when others speak, and what falls due."""

import asyncio

from shared.events.accounts import WorkspaceChanged
from shared.feed.consumer import Handlers
from shared.service import Service
from shared.settings import Settings
from shared.worker import Loop, feed_loops, run_worker
from shared.workspaces import copy_workspace

HANDLERS: Handlers = {WorkspaceChanged: [copy_workspace]}
LOOPS: tuple[Loop, ...] = ()


async def main() -> None:
    service = Service.build("sync", Settings())
    await run_worker(service, [*feed_loops(service, HANDLERS), *LOOPS])


if __name__ == "__main__":
    asyncio.run(main())

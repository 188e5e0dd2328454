"""`python -m tests.simulators.salesforce --port 0 --state DIR`: one JSON line when it listens."""

import argparse
import asyncio
import json
import signal
import sys
from datetime import datetime
from pathlib import Path

from tests.simulators.salesforce.app import create_app
from tests.simulators.salesforce.seed import ACCOUNTS, DEFAULT_SEED
from tests.simulators.salesforce.server import LoopbackServer, create_world


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} has no time zone")
    return moment


async def _run(options: argparse.Namespace) -> None:
    world = create_world(
        seed=None if options.empty else options.seed,
        accounts=options.accounts,
        now=options.now,
        frozen=options.frozen,
        state=options.state,
    )
    server = LoopbackServer(create_app(world), options.port)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, _stop, server)
    serving = asyncio.create_task(server.run_until_stopped())
    await server.listening.wait()
    app = world.auth.app
    about = {
        "url": server.url,
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "username": app.username,
    }
    sys.stdout.write(json.dumps(about) + "\n")
    sys.stdout.flush()
    try:
        await serving
    finally:
        world.close()


def _stop(server: LoopbackServer) -> None:
    server.should_exit = True


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.simulators.salesforce")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--state", type=Path, help="folder that keeps the org over restarts")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--accounts", type=int, default=ACCOUNTS, help="how large the sandbox is")
    parser.add_argument("--empty", action="store_true", help="people only, no customers")
    parser.add_argument("--now", type=_instant, help="where the org's clock starts")
    parser.add_argument("--frozen", action="store_true", help="the clock stands until moved")
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()

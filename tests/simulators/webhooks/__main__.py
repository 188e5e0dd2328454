import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from tests.simulators.webhooks.sink import WebhookSink


async def run(options: argparse.Namespace) -> None:
    """One JSON line on standard output says where to connect, once both ports listen."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    sink = WebhookSink(options.state, port=options.port, control_port=options.control_port)
    async with sink:
        for name in options.endpoint:
            sink.endpoint(name)
        sys.stdout.write(json.dumps(sink.addresses()) + "\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.simulators.webhooks")
    parser.add_argument("--port", type=int, default=0, help="of the hooks")
    parser.add_argument("--control-port", type=int, default=0)
    parser.add_argument("--state", type=Path, help="directory in which deliveries are kept")
    parser.add_argument("--endpoint", action="append", default=[], metavar="NAME")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()

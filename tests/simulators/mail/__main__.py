import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from tests.simulators.mail.simulator import MailSimulator


async def run(options: argparse.Namespace) -> None:
    """One JSON line on standard output says where to connect, once all ports listen."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    mailboxes = dict(pair.split(":", 1) for pair in options.mailbox)
    simulator = MailSimulator(
        options.state,
        mailboxes=mailboxes,
        smtp_port=options.smtp_port,
        imap_port=options.imap_port,
        http_port=options.http_port,
    )
    async with simulator as mail:
        sys.stdout.write(json.dumps(mail.addresses()) + "\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.simulators.mail")
    parser.add_argument("--state", type=Path, required=True, help="directory kept between runs")
    parser.add_argument("--smtp-port", type=int, default=0)
    parser.add_argument("--imap-port", type=int, default=0)
    parser.add_argument("--http-port", type=int, default=0, help="of the control API")
    parser.add_argument("--mailbox", action="append", default=[], metavar="ADDRESS:PASSWORD")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()

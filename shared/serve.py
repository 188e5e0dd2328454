"""Runs a web process: `python -m shared.serve accounts_api.main:create_app --port 8001`.

On SIGTERM the process first says "not ready" for `TENURE_DRAIN_SECONDS`, so that a load balancer
stops sending, then stops listening, then finishes what is under way (20 s at most).
"""

import argparse
import asyncio
import contextlib
import importlib
import signal
import socket
import sys
from types import FrameType
from typing import Any, NoReturn

import uvicorn
from typing_extensions import override

from shared import garbage_collector
from shared.transport.protocol import BoundedHttp

_GRACE_SECONDS = 20
KEEP_ALIVE_SECONDS = 75
"""An idle connection is kept longer than any client of ours keeps one, and longer than most others'
do: who writes to one that was just closed loses its request.
"""


def web_config(app: Any, **options: Any) -> uvicorn.Config:
    """What holds for every web process, gateway and tests included."""
    return uvicorn.Config(
        app,
        http=BoundedHttp,
        ws="none",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        log_config=None,
        access_log=False,
        server_header=False,
        **options,
    )


class SettledServer(uvicorn.Server):
    """Serves with the collector out of the way."""

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        garbage_collector.settle()


class DrainingServer(SettledServer):
    def __init__(self, config: uvicorn.Config, app: Any) -> None:
        super().__init__(config)
        self._process = app

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # Its description is the largest thing that it makes for good.
        self._process.state.describing.add_done_callback(lambda _: garbage_collector.settle())

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        service = getattr(self._process.state, "service", None)
        if service is None or service.draining or sig != signal.SIGTERM:
            super().handle_exit(sig, frame)
            return
        service.draining = True
        loop = asyncio.get_event_loop()
        loop.call_later(service.settings.drain_seconds, super().handle_exit, sig, frame)


def run(server: uvicorn.Server) -> NoReturn:
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    sys.exit(0 if server.started else 1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("factory", help="module:function that builds the app")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    module, _, function = arguments.factory.partition(":")
    app = getattr(importlib.import_module(module), function)()
    config = web_config(
        app,
        host=arguments.host,
        port=arguments.port,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    run(DrainingServer(config, app))


if __name__ == "__main__":
    main()

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from tests.simulators.kit.serving import HttpServer
from tests.simulators.webhooks.control import create_control
from tests.simulators.webhooks.deliveries import Deliveries, Delivery
from tests.simulators.webhooks.receiver import PREFIX, Endpoint, Receiver
from tests.simulators.webhooks.script import Script, Step


class WebhookSink:
    """Partners' endpoints on a port of their own; the control API is on another and stays up."""

    def __init__(self, state: Path | None = None, *, port: int = 0, control_port: int = 0) -> None:
        self.deliveries = Deliveries(state / "deliveries.jsonl" if state else None)
        self.endpoints: dict[str, Endpoint] = {}
        receiver = Receiver(self.endpoints, self.deliveries, hang_up=self._hang_up)
        self.hooks = HttpServer(receiver, port=port)
        self.control = HttpServer(create_control(self), port=control_port)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        await self.hooks.start()
        await self.control.start()

    async def stop(self) -> None:
        await self.control.stop()
        await self.hooks.stop()
        self.deliveries.close()

    async def down(self) -> None:
        """Cut what is open and refuse connections until `up`, on the same port."""
        await self.hooks.down()

    async def up(self) -> None:
        await self.hooks.start()

    @property
    def port(self) -> int:
        return self.hooks.port

    @property
    def control_url(self) -> str:
        return self.control.url

    def url(self, name: str) -> str:
        return f"{self.hooks.url}{PREFIX}{name}"

    def addresses(self) -> dict[str, str | int]:
        return {
            "hooks_url": f"{self.hooks.url}{PREFIX.rstrip('/')}",
            "port": self.port,
            "control_url": self.control_url,
        }

    def endpoint(
        self, name: str, *, script: Iterable[Step] = (), secrets: Iterable[str] = (),
        strict: bool = False,
    ) -> Endpoint:  # fmt: skip
        """Create an endpoint or give it a new script; what it received stays."""
        known = tuple(secrets)
        for secret in known:
            try:
                Webhook(secret)
            except (ValueError, EmptyWebhookSecretError) as fault:
                raise ValueError("not a webhook secret") from fault
        self.endpoints[name] = Endpoint(name, known, Script(tuple(script)), strict)
        return self.endpoints[name]

    def received(self, name: str | None = None, webhook_id: str | None = None) -> list[Delivery]:
        return self.deliveries.find(endpoint=name, webhook_id=webhook_id)

    async def wait_for(
        self, count: int, name: str | None = None, *, timeout: float = 10
    ) -> list[Delivery]:
        async with asyncio.timeout(timeout):
            while len(self.received(name)) < count:
                await asyncio.sleep(0.01)
        return self.received(name)

    def _hang_up(self, client: tuple[str, int] | None) -> None:
        self.hooks.abort(client)

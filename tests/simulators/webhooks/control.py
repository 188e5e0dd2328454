"""The control API: what a test in another process, or a person with curl, may see and change."""

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, Path, Request
from fastapi.responses import JSONResponse

from tests.simulators.webhooks.receiver import Endpoint
from tests.simulators.webhooks.script import Model, Step

if TYPE_CHECKING:
    from tests.simulators.webhooks.sink import WebhookSink

Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


class EndpointIn(Model):
    secrets: tuple[str, ...] = ()
    script: tuple[Step, ...] = ()
    strict: bool = False


def create_control(sink: "WebhookSink") -> FastAPI:
    app = FastAPI(title="Webhook sink", docs_url=None, redoc_url=None)
    app.add_exception_handler(ValueError, _refused)
    _add_endpoints(app, sink)
    _add_deliveries(app, sink)
    return app


async def _refused(_request: Request, fault: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(fault)}, status_code=422)


def _add_endpoints(app: FastAPI, sink: "WebhookSink") -> None:
    @app.get("/")
    async def addresses() -> dict[str, str | int]:
        return sink.addresses()

    @app.get("/endpoints")
    async def endpoints() -> list[dict[str, Any]]:
        return [_endpoint(sink, endpoint) for endpoint in sink.endpoints.values()]

    @app.put("/endpoints/{name}")
    async def put_endpoint(name: Name, wanted: EndpointIn) -> dict[str, Any]:
        made = sink.endpoint(
            name, script=wanted.script, secrets=wanted.secrets, strict=wanted.strict
        )
        return _endpoint(sink, made)

    @app.delete("/endpoints/{name}", status_code=204)
    async def remove_endpoint(name: Name) -> None:
        sink.endpoints.pop(name, None)

    @app.post("/down", status_code=204)
    async def down() -> None:
        """Refuse connections to the hooks; this API stays."""
        await sink.down()

    @app.post("/up", status_code=204)
    async def up() -> None:
        await sink.up()


def _add_deliveries(app: FastAPI, sink: "WebhookSink") -> None:
    @app.get("/deliveries")
    async def deliveries(
        endpoint: str | None = None, webhook_id: str | None = None, after: int = 0
    ) -> list[dict[str, Any]]:
        found = sink.deliveries.find(endpoint=endpoint, webhook_id=webhook_id, after=after)
        return [delivery.as_json() for delivery in found]

    @app.delete("/deliveries", status_code=204)
    async def clear() -> None:
        sink.deliveries.clear()


def _endpoint(sink: "WebhookSink", endpoint: Endpoint) -> dict[str, Any]:
    return {
        "name": endpoint.name,
        "url": sink.url(endpoint.name),
        "secrets": len(endpoint.secrets),
        "script": [step.model_dump(mode="json") for step in endpoint.script.steps],
        "strict": endpoint.strict,
        "deliveries": len(sink.received(endpoint.name)),
    }

"""How SDKs speak: a key in the body where no header has one, from pages of any origin, and there as
JSON of any media type.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message
from typing_extensions import override

from accounts_api.signals.ingest import service
from shared.errors import Forbidden
from shared.uow import UnitOfWork
from shared.values import strict_json
from shared.web.problems import faults_of
from shared.web.routing import JsonRequest, TransactionRoute

PERMISSION: Final = "product_events:write"
OF_SERVERS: Final = ("/track", "/identify", "/group", "/page", "/screen", "/alias", "/batch")
OF_BROWSERS: Final = ("/t", "/i", "/g", "/p", "/s", "/a", "/b")
"""A page sends JSON of any media type: other types need no question before."""
_ANY_ORIGIN: Final = {"access-control-allow-origin": "*"}
_PREFLIGHT: Final = {
    **_ANY_ORIGIN,
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "authorization, content-type, content-encoding",
    "access-control-max-age": "86400",
}


async def preflight(_: Request) -> Response:
    """What a browser asks before it sends: no cookie is looked at, so any page may send."""
    return Response(status_code=204, headers=_PREFLIGHT)


class IngestRoute(TransactionRoute):
    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_sdk(plain: Request) -> Response:
            plain.state.response_headers = dict(_ANY_ORIGIN)
            headers = list(plain.scope["headers"])
            body = await plain.body()
            key = None if "authorization" in plain.headers else _write_key(body)
            plain.state.key_is_public = key is not None
            if key is not None:
                headers.append((b"authorization", f"Bearer {key}".encode("latin-1", "replace")))
            if body and self.path.removeprefix("/v1") in OF_BROWSERS:
                headers = [header for header in headers if header[0] != b"content-type"]
                headers.append((b"content-type", b"application/json"))

            async def receive() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            return await handle(Request({**plain.scope, "headers": headers}, receive))

        return handle_sdk

    @override
    async def _answer(
        self,
        endpoint: Callable[[Request], Coroutine[Any, Any, Response]],
        request: JsonRequest,
        shown: Any,
    ) -> Response:
        """What is refused is noted, whoever refused it."""
        if request.state.key_is_public and request.state.caller.permissions != {PERMISSION}:
            raise Forbidden(
                "A key in a body can be read by anybody: send one that has only the scope"
                f" {PERMISSION}."
            )
        try:
            return await super()._answer(endpoint, request, shown)
        except RequestValidationError as error:
            if not isinstance(error.body, dict) or "batch" in self.path:
                raise
            uow: UnitOfWork = await request.state.open_transaction()
            type_ = self.path.rpartition("/")[2]
            faults = faults_of(error.errors(), error.body)
            raise await service.refuse_body(uow, type_, error.body, faults) from error


def _write_key(body: bytes) -> str | None:
    try:
        given = strict_json.parse(body)
    except Exception:  # noqa: BLE001  (what it is that cannot be read is said where it is read)
        return None
    key = given.get("writeKey") if isinstance(given, dict) else None
    return key if isinstance(key, str) and key else None

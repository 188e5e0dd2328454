"""Traces reach a collector over OTLP, hang together, and cost nothing to whoever wants none."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.harness import Tenure
from tests.web_processes import web_process

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@asynccontextmanager
async def collector(spans: list[Span]) -> AsyncIterator[str]:
    """What keeps the spans it is sent. Its address."""

    async def take(request: web.Request) -> web.Response:
        sent = ExportTraceServiceRequest.FromString(await request.read())
        for resource in sent.resource_spans:
            for scope in resource.scope_spans:
                spans.extend(scope.spans)
        return web.Response(content_type="application/x-protobuf")

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_a_request_and_its_statements_are_one_trace_that_continues_the_callers(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    spans: list[Span] = []
    async with (
        collector(spans) as url,
        web_process(tenure, "accounts", OTEL_EXPORTER_OTLP_ENDPOINT=url) as process,
        httpx2.AsyncClient(base_url=process.url, trust_env=False, timeout=30) as client,
    ):
        headers = {"authorization": f"Bearer {ws.keys['admin']}", "traceparent": TRACEPARENT}
        assert (await client.get("/v1/members", headers=headers)).status_code == 200
        assert (await client.get("/livez")).status_code == 200
    (request,) = [span for span in spans if span.kind == Span.SPAN_KIND_SERVER]
    assert request.name == "GET /v1/members"
    assert request.trace_id.hex() == TRACEPARENT.split("-")[1]
    assert request.parent_span_id.hex() == TRACEPARENT.split("-")[2]
    statements = [span for span in spans if span.kind == Span.SPAN_KIND_CLIENT]
    assert statements
    assert {span.trace_id for span in statements} == {request.trace_id}


async def test_without_the_libraries_a_process_that_should_trace_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from shared.tracing import Tracing\nTracing('accounts')"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        env=os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 1
    assert b"install `tenure[otel]`" in said


async def test_whoever_traces_not_imports_nothing_of_it() -> None:
    code = (
        "import sys; from shared.tracing import Tracing; Tracing('accounts').close()\n"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, env=environment)
    assert await process.wait() == 0

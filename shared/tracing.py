"""Traces over the wire to a collector, when `OTEL_EXPORTER_OTLP_ENDPOINT` names one.

A request is a trace: its SQL, what it asks of our other services and what they do for it. An event
that is taken in is one too, and names the event, by which its publisher's logs can be found. What a
worker does in search of work is none. Nothing of OpenTelemetry is imported without the variable;
with it, the extra `otel` must be installed. Its other variables (headers, timeout, …) are honoured.
"""

import os
from collections.abc import Callable, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import FastAPI
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer
    from sqlalchemy.ext.asyncio import AsyncEngine

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_QUIET = "livez,readyz,metrics,internal/events"
_inject: Callable[[MutableMapping[str, str]], None] | None = None
_tracer: "Tracer | None" = None


class CannotTrace(RuntimeError):
    """Tracing was asked for, and cannot be had."""


class Tracing:
    """Of one process. Does nothing when no endpoint is set."""

    def __init__(self, process: str) -> None:
        """Raises `CannotTrace` without the extra."""
        self._provider = _provider(process) if os.environ.get(ENDPOINT) else None

    def follow_requests(self, app: "FastAPI") -> None:
        """Before the app has started."""
        if self._provider is not None:
            from opentelemetry.instrumentation.fastapi import (  # noqa: PLC0415
                FastAPIInstrumentor,
            )

            FastAPIInstrumentor.instrument_app(
                app,
                tracer_provider=self._provider,
                excluded_urls=_QUIET,
                exclude_spans=["receive", "send"],
            )

    def follow_statements(self, engine: "AsyncEngine") -> None:
        if self._provider is not None:
            from opentelemetry.instrumentation.sqlalchemy import (  # noqa: PLC0415
                SQLAlchemyInstrumentor,
            )

            # Its declared limit excludes the SQLAlchemy that we use, and works with it.
            SQLAlchemyInstrumentor().instrument(
                engine=engine.sync_engine, tracer_provider=self._provider, skip_dep_check=True
            )

    def close(self) -> None:
        """Send the last spans."""
        if self._provider is not None:
            self._provider.shutdown()


def carry(headers: MutableMapping[str, str]) -> None:
    """Add the headers by which the other service continues the trace (W3C Trace Context)."""
    if _inject is not None:
        _inject(headers)


def handling(event: str, event_id: str) -> AbstractContextManager[Any]:
    """The trace of one event that is being handled."""
    if _tracer is None:
        return nullcontext()
    from opentelemetry.trace import SpanKind  # noqa: PLC0415

    return _tracer.start_as_current_span(
        f"hear {event}",
        kind=SpanKind.CONSUMER,
        attributes={"tenure.event": event, "tenure.event_id": event_id},
    )


def _provider(process: str) -> "TracerProvider":
    global _inject, _tracer
    try:
        from opentelemetry import propagate  # noqa: PLC0415
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        from shared.tracing_sampler import begun_at_an_entry  # noqa: PLC0415
    except ImportError as error:
        raise CannotTrace(
            f"{ENDPOINT} is set, and the libraries for it are missing: install `tenure[otel]`, or"
            " unset it."
        ) from error
    provider = TracerProvider(
        sampler=begun_at_an_entry(),
        resource=Resource.create({"service.name": f"tenure-{process}"}),
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _inject, _tracer = propagate.inject, provider.get_tracer("tenure")
    return provider

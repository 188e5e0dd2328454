"""Structured JSON logs. Facts with fields, never a value of personal data."""

import logging
import sys
import traceback
from typing import Any

import structlog


def configure_logging(level: str, service: str) -> None:
    said: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    written: list[structlog.typing.Processor] = [
        _where_it_broke,
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=[*said, *written],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    # What libraries say, uvicorn among them, in the same form.
    theirs = logging.StreamHandler(sys.stderr)
    theirs.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=said,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *written],
        )
    )
    logging.basicConfig(level="WARNING", handlers=[theirs])


def _where_it_broke(_: object, __: str, event: structlog.typing.EventDict) -> Any:
    """Our own frames and the error itself: a driver's traceback of 200 lines hides both."""
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)
        event["exception"] = f"{type(error).__name__}: {error}"[:2000]
        event["frames"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in frames
            if "site-packages" not in frame.filename
        ][-12:]
    return event


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(module=name)
    return logger

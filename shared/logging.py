"""Structured JSON logs. Facts with fields, never a value of personal data."""

import logging
import sys
import traceback
from typing import Any

import structlog


def configure_logging(level: str, service: str) -> None:
    context: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    rendering: list[structlog.typing.Processor] = [
        _add_exception,
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=[*context, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    # Libraries log in the same form, uvicorn among them.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=context,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    logging.basicConfig(level="WARNING", handlers=[handler])


def _add_exception(_: object, __: str, event: structlog.typing.EventDict) -> Any:
    """Add the error and our own frames only: a driver's traceback of 200 lines hides both."""
    exc_info = event.pop("exc_info", None)
    if exc_info is True:
        exc_info = sys.exc_info()
    error = exc_info[1] if isinstance(exc_info, tuple) else exc_info
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

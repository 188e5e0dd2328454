"""Structured JSON logs. Facts with fields, never a value of personal data."""

import logging
import sys
import traceback
from typing import Any

import structlog


def configure_logging(level: str, service: str) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            _where_it_broke,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(level="WARNING", stream=sys.stderr, format='{"message": %(message)r}')


def _where_it_broke(_: object, __: str, event: structlog.typing.EventDict) -> Any:
    """Our own frames and the error itself: a driver's traceback of 200 lines hides both."""
    found = event.pop("exc_info", None)
    error = sys.exc_info()[1] if found is True else found
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

"""Describes to a person why a connection was not made, or broke.

Libraries report one problem in a hundred ways, by class names and error numbers. A person reads
which kind of problem it is; the log has the rest.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterator

from shared.logging import get_logger

log = get_logger(__name__)

UNREACHABLE = "The host could not be reached."
"""Policy refusals use the same words, so that nobody can map our network."""


def describe_connection_error(error: BaseException) -> str:
    """One sentence. The library's own message is logged."""
    log.info("connection failed", error=type(error).__name__, detail=str(error)[:500])
    sentences = filter(None, map(_sentence_for, _chain(error)))
    return next(sentences, "The link broke.")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and its causes: libraries raise their own error from the one that explains it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _sentence_for(error: BaseException) -> str | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "Its certificate is not accepted: look at the name, the dates and the issuer in it."
    if isinstance(error, ssl.SSLError):
        return "No encrypted connection could be made: look whether this port speaks TLS."
    if isinstance(error, TimeoutError):
        return "There was no answer in time."
    if isinstance(error, socket.gaierror | ConnectionRefusedError):
        return UNREACHABLE
    if isinstance(error, EOFError | ConnectionError):
        return "The server closed the connection."
    if isinstance(error, ValueError | asyncio.LimitOverrunError):
        return "The server answered in a form that we do not read: look at host and port."
    return None

"""What to tell a person of a connection that was not made, or did not last.

Libraries word one trouble in a hundred ways, by names of classes and numbers of errors. A person
reads what kind of trouble it is; the log keeps the rest.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterator

from shared.logging import get_logger

log = get_logger(__name__)

UNREACHABLE = "The host could not be reached."
"""Also when policy refuses it, so that nobody can map our network."""


def link_trouble(error: BaseException) -> str:
    """One sentence; what the library said is logged."""
    log.info("link trouble", kind=type(error).__name__, said=str(error)[:500])
    return next((told for one in _chain(error) if (told := _told_of(one))), "The link broke.")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Libraries raise their own error from the one that says what happened."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _told_of(error: BaseException) -> str | None:
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

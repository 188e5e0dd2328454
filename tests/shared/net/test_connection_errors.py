"""A connection that is not made or breaks is told in our words, whatever library spoke."""

import asyncio
import socket
import ssl

import pytest

from shared.net.connection_errors import UNREACHABLE, describe_connection_error


class OfALibrary(Exception):
    """Such as a client raises from what the system told it."""


def by_a_library(cause: BaseException) -> OfALibrary:
    error = OfALibrary("ClientOSError(104, 'Connection reset by peer')")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (ssl.SSLCertVerificationError(1, "self-signed certificate"), "certificate"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]"), "speaks TLS"),
        (TimeoutError(110, "timed out"), "in time"),
        (socket.gaierror(-2, "Name or service not known"), UNREACHABLE),
        (ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 1)"), UNREACHABLE),
        (ConnectionResetError(104, "reset by peer"), "closed"),
        (BrokenPipeError(32, "Broken pipe"), "closed"),
        (asyncio.IncompleteReadError(b"", None), "closed"),
        (asyncio.LimitOverrunError("Separator is not found", 1), "form"),
        (ValueError("invalid literal"), "form"),
        (OSError(5, "Input/output error"), "broke"),
    ],
)
def test_a_kind_of_trouble_is_told_and_nothing_of_a_library(error: Exception, word: str) -> None:
    for one in (error, by_a_library(error)):
        told = describe_connection_error(one)
        assert word in told
        assert "Errno" not in told
        assert type(error).__name__ not in told
        assert str(error) not in told


def test_what_only_a_library_knows_is_a_link_that_broke() -> None:
    assert describe_connection_error(OfALibrary("0x7f")) == "The link broke."

"""Reads what people write for a website: its host, and its web address.

Forms, files and other systems hold `acme.example`, `www.acme.example/about` and
`https://Acme.example` for the same thing. A host is kept as people read it: lower case, without
`www.`, international names in their own letters (IDNA 2008, RFC 5891).
"""

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

import idna

_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_PORT: Final = re.compile(r"[^/?#]*:[0-9]")
_LONGEST_HOST: Final = 253


class NotAHost(ValueError):
    """The text names no host."""


def host_of(text: str) -> str:
    """`acme.example` of a domain or of a web address. Raises `NotAHost`."""
    host = _readable(_parts(text).hostname or "")
    return host.removeprefix("www.") if host.count(".") > 1 else host


def url_of(text: str) -> str:
    """The web address as it was written, with `https://` before a host whose scheme was left out.

    A person who writes a scheme may mean a host of an intranet, which has no dot. Raises
    `NotAHost`.
    """
    written = text.strip().removeprefix("//")
    host = _parts(written).hostname
    if _has_scheme(written) and host:
        return written
    _readable(host or "")
    return f"https://{written}"


def _parts(text: str) -> SplitResult:
    written = text.strip().removeprefix("//")
    if not written or any(map(str.isspace, written)) or not written.isprintable():
        raise NotAHost
    try:
        parts = urlsplit(written if _has_scheme(written) else f"https://{written}")
        _ = parts.port  # judged only when it is asked for
    except ValueError as error:
        raise NotAHost from error
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or "," in parts.netloc:
        raise NotAHost
    return parts


def _has_scheme(written: str) -> bool:
    """`acme.example:8080` has a port, no scheme."""
    return bool(_SCHEME.match(written)) and not _PORT.match(written)


def _readable(host: str) -> str:
    labels = host.removesuffix(".").split(".")
    if len(labels) == 1 or labels[-1].isdigit():
        raise NotAHost
    try:
        plain = idna.encode(".".join(labels), uts46=True).decode("ascii")
        shown = idna.decode(plain)
    except idna.IDNAError as error:
        raise NotAHost from error
    if len(plain) > _LONGEST_HOST:
        raise NotAHost
    return shown

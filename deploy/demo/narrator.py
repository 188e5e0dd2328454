"""Tells the story: chapters, what happens, and claims that hold or end it."""

import asyncio
import difflib
import json
import sys
import textwrap
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TextIO, TypeVar

T = TypeVar("T")

_POLL_SECONDS = 0.2
_WIDTH = 100


class ClaimFailed(Exception):
    """What the story says did not happen."""


class Narrator:
    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._colours = out.isatty()
        self._began = time.monotonic()
        self.claims = 0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def chapter(self, number: int, title: str) -> None:
        heading = f"{number}  {title}"
        at = f"{self.seconds:.0f} s"
        self._say("")
        self._say(self._styled("1", f"{heading}{at:>{_WIDTH - len(heading)}}"))

    def clock(self, at: datetime, why: str) -> None:
        self._say(self._styled("36", f"   ⏲ {at:%A %-d %B %Y, %H:%M} UTC in the sandbox: {why}"))

    def tell(self, *lines: str) -> None:
        for line in lines:
            self._say(f"   · {line}")

    def show(self, text: str) -> None:
        """A mail, a task: quoted as it is."""
        for line in text.splitlines():
            for part in textwrap.wrap(line, _WIDTH - 7) or [""]:
                self._say(self._styled("2", f"     │ {part}"))

    def holds(self, claim: str) -> None:
        self.claims += 1
        self._say(f"   {self._styled('32', '✓')} {claim}")

    def equal(self, claim: str, found: object, expected: object) -> None:
        if found != expected:
            raise self.failed(claim, found, expected)
        self.holds(claim)

    def true(self, claim: str, holds: bool, found: object) -> None:  # noqa: FBT001
        """For what is not an equality; `found` is shown when it does not hold."""
        if not holds:
            raise self.failed(claim, found, "what the claim says")
        self.holds(claim)

    async def soon(
        self,
        claim: str,
        look: Callable[[], Awaitable[T]],
        expected: T | Callable[[T], bool],
        *,
        within: float = 20.0,
    ) -> T:
        """Look until it is so; the claim is told with the seconds that it took."""
        began = time.monotonic()
        while True:
            found = await look()
            if expected(found) if callable(expected) else found == expected:
                self.holds(f"{claim}  ({time.monotonic() - began:.1f} s)")
                return found
            if time.monotonic() - began > within:
                wanted = "what the claim says" if callable(expected) else expected
                raise self.failed(f"{claim} (within {within:g} s)", found, wanted)
            await asyncio.sleep(_POLL_SECONDS)

    def failed(self, claim: str, found: object, expected: object) -> ClaimFailed:
        self._say(f"   {self._styled('31', '✗')} {claim}")
        return ClaimFailed(f"{claim}\n{difference(expected, found)}")

    def _say(self, line: str) -> None:
        self._out.write(f"{line}\n")
        self._out.flush()

    def _styled(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colours else text


def difference(expected: object, found: object) -> str:
    """Line by line, the expected with `-`, the found with `+`."""
    lines = difflib.unified_diff(
        _lines(expected), _lines(found), "expected", "found", lineterm="", n=2
    )
    return "\n".join(lines)


def _lines(value: object) -> list[str]:
    if isinstance(value, str):
        return value.splitlines()
    return json.dumps(_ordered(value), indent=2, default=str, ensure_ascii=False).splitlines()


def _ordered(value: Any) -> Any:
    """Sets have no order of their own; a difference is read best in one."""
    return sorted(value, key=str) if isinstance(value, set | frozenset) else value

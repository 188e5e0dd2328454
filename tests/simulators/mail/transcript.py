from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

from tests.simulators.kit.clock import machine_now

KEPT_LINES = 20_000


@dataclass(frozen=True)
class Line:
    at: str
    protocol: str
    session: int
    said_by: str
    text: str


class Transcript:
    """What clients and servers said to each other; bodies and passwords are left out."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque(maxlen=KEPT_LINES)
        self._last_session = 0

    def next_session(self) -> int:
        self._last_session += 1
        return self._last_session

    def add(self, protocol: str, session: int, said_by: str, text: str) -> None:
        self._lines.append(Line(machine_now().isoformat(), protocol, session, said_by, text))

    def lines(self, protocol: str | None = None) -> list[Line]:
        return [line for line in self._lines if protocol is None or line.protocol == protocol]

    def as_json(self, protocol: str | None = None) -> list[dict[str, Any]]:
        return [asdict(line) for line in self.lines(protocol)]

    def clear(self) -> None:
        self._lines.clear()

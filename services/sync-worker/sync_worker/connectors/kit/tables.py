"""What a refusal means, as a table: by the system's error code first, then by HTTP status."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from sync_worker.connectors.base import Answer, Meaning, Trouble
from sync_worker.connectors.kit.waits import wait_asked_for

LONGEST_WORDS = 500
_FIRST_ERROR = 300
_FIRST_SERVER_ERROR = 500
_PASSING = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class ErrorTable:
    """`code_at` and `words_at` are the paths of an error's code and words in its body."""

    codes: Mapping[str, Meaning] = field(default_factory=dict)
    by_status: Mapping[int, Meaning] = field(default_factory=dict)
    otherwise: Meaning = "refused"
    code_at: tuple[str, ...] = ("error", "code")
    words_at: tuple[str, ...] = ("error", "message")

    def trouble(self, answer: Answer) -> Trouble | None:
        """What is wrong with an answer; one that is no JSON is weather, whatever it claims."""
        if answer.status < _FIRST_ERROR:
            if answer.body and "json" not in answer.headers.get("content-type", ""):
                return Trouble("retry", "There was a page instead of data.")
            return None
        body = json_of(answer.body)
        code, words = said(_at(body, self.code_at)), said(_at(body, self.words_at))
        detail = ": ".join(part for part in (code, words) if part) or f"HTTP {answer.status}"
        wait = wait_asked_for(answer.headers)
        return Trouble(self._meaning(answer.status, code), detail, code or None, wait)

    def _meaning(self, status: int, code: str) -> Meaning:
        if code in self.codes:
            return self.codes[code]
        if status in self.by_status:
            return self.by_status[status]
        if status in _PASSING or status >= _FIRST_SERVER_ERROR:
            return "retry"
        return self.otherwise


def said(given: Any) -> str:
    """Another system's words, short enough for a person and fit to be stored."""
    return str(given or "").replace("\x00", "")[:LONGEST_WORDS]


def json_of(body: bytes) -> Any:
    """None for what is no JSON."""
    try:
        return from_json(body)
    except ValueError:
        return None


def _at(body: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        body = body.get(name) if isinstance(body, dict) else None
    return body

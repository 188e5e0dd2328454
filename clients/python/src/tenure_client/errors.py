import json
from collections.abc import Mapping
from typing import Any


class TenureError(Exception):
    """All that this package raises."""


class ConnectionFailed(TenureError):
    """No connection, or no answer in time. The request may have been carried out."""


class WebhookRejected(TenureError):
    """The signature is not Tenure's, or the message is too old: answer 400 and do nothing."""


class ApiError(TenureError):
    """An answer that says no. `code` is stable and `errors` names each field that is at fault."""

    def __init__(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.status = status
        self.headers = headers
        self.problem = _problem(content)
        self.code: str = str(self.problem.get("code", f"http_{status}"))
        self.title: str = str(self.problem.get("title", f"HTTP {status}"))
        self.detail: str | None = self.problem.get("detail")
        self.errors: list[dict[str, Any]] = self.problem.get("errors") or []
        self.request_id: str | None = headers.get("x-request-id") or self.problem.get("request_id")
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        faults = [f"{each.get('pointer', '')}: {each.get('message', '')}" for each in self.errors]
        about = "; ".join(filter(None, [self.detail or "", *faults]))
        trace = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.status} {self.code}: {self.title}{f' {about}' if about else ''}{trace}"


def _problem(content: bytes) -> dict[str, Any]:
    try:
        problem = json.loads(content)
    except ValueError:  # not from Tenure: a proxy's page, say
        return {}
    return problem if isinstance(problem, dict) else {}

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.simulators.kit.clock import machine_now
from tests.simulators.kit.journal import Journal


class Ending(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    HUNG_UP = "hung_up"  #: the sender closed before it had the whole answer
    CUT = "cut"  #: the receiver closed, as its script said


@dataclass
class Delivery:
    id: int
    endpoint: str
    received_at: datetime
    method: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes
    #: How often this webhook-id has come to the endpoint, this time included.
    attempt: int
    #: Which of the endpoint's secrets sign this delivery, by their place; None without secrets.
    signed_by: list[int] | None
    problem: str | None
    status: int
    ending: Ending = Ending.OPEN
    seconds: float = 0.0

    @property
    def verified(self) -> bool | None:
        return None if self.signed_by is None else bool(self.signed_by)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name.lower()), None)

    @property
    def webhook_id(self) -> str | None:
        return self.header("webhook-id")

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "endpoint": self.endpoint,
            "received_at": self.received_at.isoformat(),
            "method": self.method,
            "query": self.query,
            "headers": [list(header) for header in self.headers],
            "body": self.body.decode("utf-8", "replace"),
            "body_base64": base64.b64encode(self.body).decode(),
            "webhook_id": self.webhook_id,
            "attempt": self.attempt,
            "verified": self.verified,
            "signed_by": self.signed_by,
            "problem": self.problem,
            "status": self.status,
            "ending": self.ending,
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class Arrival:
    endpoint: str
    method: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes


def check_signature(
    secrets: Iterable[str], headers: list[tuple[str, str]], body: bytes
) -> tuple[list[int], str | None]:
    """Judged by the library that partners use, at the time of the machine: places and problem."""
    signed_by: list[int] = []
    problem = None
    for place, secret in enumerate(secrets):
        try:
            Webhook(secret).verify(body, dict(headers))
        except (WebhookVerificationError, ValueError) as fault:
            problem = str(fault) or type(fault).__name__
        else:
            signed_by.append(place)
    return signed_by, None if signed_by else problem


class Deliveries:
    """Every arrival is kept before it is answered; with a path it outlives the process."""

    def __init__(self, path: Path | None) -> None:
        self._journal = Journal(path) if path else None
        self.all: list[Delivery] = []
        self._last_id = 0
        for line in self._journal.replay() if self._journal else ():
            self.all.append(_from_line(line))
            self._last_id = line["id"]

    def add(self, arrival: Arrival, secrets: tuple[str, ...], status: int) -> Delivery:
        signed_by, problem = check_signature(secrets, arrival.headers, arrival.body)
        self._last_id += 1
        delivery = Delivery(
            id=self._last_id,
            endpoint=arrival.endpoint,
            received_at=machine_now(),
            method=arrival.method,
            query=arrival.query,
            headers=arrival.headers,
            body=arrival.body,
            attempt=1,
            signed_by=signed_by if secrets else None,
            problem=problem,
            status=status,
        )
        if delivery.webhook_id is not None:
            earlier = self.find(endpoint=arrival.endpoint, webhook_id=delivery.webhook_id)
            delivery.attempt = len(earlier) + 1
        if self._journal:
            self._journal.append(delivery.as_json(), durable=True)
        self.all.append(delivery)
        return delivery

    def find(
        self, *, endpoint: str | None = None, webhook_id: str | None = None, after: int = 0
    ) -> list[Delivery]:
        return [
            delivery
            for delivery in self.all
            if delivery.id > after
            and (endpoint is None or delivery.endpoint == endpoint)
            and (webhook_id is None or delivery.webhook_id == webhook_id)
        ]

    def clear(self) -> None:
        if self._journal:
            self._journal.clear()
        self.all.clear()

    def close(self) -> None:
        if self._journal:
            self._journal.close()


def _from_line(line: dict[str, Any]) -> Delivery:
    return Delivery(
        id=line["id"],
        endpoint=line["endpoint"],
        received_at=datetime.fromisoformat(line["received_at"]),
        method=line["method"],
        query=line["query"],
        headers=[(name, value) for name, value in line["headers"]],
        body=base64.b64decode(line["body_base64"]),
        attempt=line["attempt"],
        signed_by=line["signed_by"],
        problem=line["problem"],
        status=line["status"],
        ending=Ending(line["ending"]),
        seconds=line["seconds"],
    )

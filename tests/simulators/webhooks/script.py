from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(ge=0)]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Close(StrEnum):
    BEFORE_ANSWER = "before_answer"
    IN_BODY = "in_body"


class Step(Model):
    """How the next `times` deliveries are answered; null means all that follow.

    A body comes at once, or one byte each `drip` seconds, or as `body_bytes` zeros (with `gzip` as
    a bomb of that size). With `close: in_body` the connection dies in the middle of it.
    """

    status: Annotated[int, Field(ge=200, le=599)] = 200
    headers: dict[str, str] = {}
    body: str = ""
    times: Annotated[int, Field(ge=1)] | None = 1
    delay: Seconds = 0
    drip: Seconds = 0
    body_bytes: Annotated[int, Field(ge=0)] = 0
    gzip: bool = False
    close: Close | None = None


ALWAYS_FINE = Step(times=None)


def failing(times: int, status: int = 500) -> tuple[Step, ...]:
    return (Step(status=status, times=times),)


def throttling(retry_after: int, times: int = 1) -> tuple[Step, ...]:
    headers = {"Retry-After": str(retry_after)}
    return (Step(status=429, headers=headers, times=times),)


def gone() -> tuple[Step, ...]:
    return (Step(status=410, times=None),)


def moved(location: str) -> tuple[Step, ...]:
    return (Step(status=301, headers={"Location": location}, times=None),)


class Script:
    """Once all steps are spent, every delivery is fine."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        self.steps = steps
        self._taken = 0

    def next(self) -> Step:
        passed = self._taken
        self._taken += 1
        for step in self.steps:
            if step.times is None or passed < step.times:
                return step
            passed -= step.times
        return ALWAYS_FINE

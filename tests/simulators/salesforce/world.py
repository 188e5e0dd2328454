"""One simulated org with everything around it, and what each request handler needs of it."""

import json
from collections import deque
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from tests.simulators.control import FaultPlan, RequestLog, SimulatedClock
from tests.simulators.salesforce.auth import Auth
from tests.simulators.salesforce.bulk import BulkJobs
from tests.simulators.salesforce.cursors import Cursors
from tests.simulators.salesforce.errors import ApiError, not_found
from tests.simulators.salesforce.objects import BY_LOWER_NAME
from tests.simulators.salesforce.org import Org
from tests.simulators.salesforce.schema import SObject
from tests.simulators.salesforce.storage import Storage
from tests.simulators.salesforce.values import dump

DAY = 86_400
WORLD, USER = "salesforce.world", "salesforce.user"


class Usage:
    """API requests of the last 24 hours, which roll: there is no reset at midnight."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._spent: deque[float] = deque()

    @property
    def spent(self) -> int:
        now = self._org.clock.now().timestamp()
        while self._spent and self._spent[0] <= now - DAY:
            self._spent.popleft()
        return len(self._spent)

    @property
    def allowed(self) -> int:
        return self._org.settings.api_requests_per_day

    def spend(self) -> None:
        if self.spent >= self.allowed:
            raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        self._spent.append(self._org.clock.now().timestamp())

    def clear(self) -> None:
        self._spent.clear()


@dataclass
class World:
    clock: SimulatedClock
    faults: FaultPlan
    log: RequestLog
    org: Org
    auth: Auth
    usage: Usage
    cursors: Cursors
    bulk: BulkJobs
    storage: Storage | None = None

    def load(self) -> bool:
        """Take up what an earlier process kept; False if there is nothing."""
        if self.storage is None or not self.org.load():
            return False
        if (auth := self.storage.meta("auth")) is not None:
            self.auth.restore(auth)
        if (clock := self.storage.meta("clock")) is not None:
            self.clock.restore(clock)
        return True

    def keep(self) -> None:
        """Keep what is not a record: records keep themselves."""
        if self.storage is not None:
            kept = {"auth": self.auth.state(), "clock": self.clock.state()}
            self.storage.save((), kept)

    def reset(self) -> None:
        """An org without any record, settings, sessions, faults or memory of requests."""
        self.org.reset()
        self.auth.reset()
        for forgetful in (self.cursors, self.bulk, self.usage, self.faults, self.log):
            forgetful.clear()

    def close(self) -> None:
        if self.storage is not None:
            self.keep()
            self.storage.close()


@dataclass(frozen=True)
class Call:
    """One request inside a session."""

    world: World
    org: Org
    user_id: str
    base: str
    """`/services/data/v62.0`, by which the answer names other resources."""
    request: Request

    @classmethod
    def of(cls, request: Request) -> "Call":
        scope: Scope = request.scope
        world: World = scope[WORLD]
        version = request.path_params["version"]
        return cls(world, world.org, scope[USER], f"/services/data/{version}", request)

    def param(self, name: str) -> str:
        return str(self.request.path_params[name])

    @property
    def sobject(self) -> SObject:
        found = BY_LOWER_NAME.get(self.param("sobject").lower())
        if found is None:
            raise not_found()
        return found

    async def json(self) -> Any:
        kind = self.request.headers.get("content-type", "").partition(";")[0].strip()
        if kind != "application/json":
            message = f"Unsupported content type: {kind or 'none'}"
            raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", message)
        try:
            return json.loads(await self.request.body(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            message = f"Unexpected character at [line:1, column:1]: {error}"
            raise ApiError(400, "JSON_PARSER_ERROR", message) from error

    async def json_object(self) -> dict[str, Any]:
        body = await self.json()
        if not isinstance(body, dict):
            message = "The HTTP entity body must be a JSON object at [line:1, column:1]"
            raise ApiError(400, "JSON_PARSER_ERROR", message)
        return body


def _refuse_constant(name: str) -> None:
    raise ValueError(f"non-standard token '{name}'")


def reply(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(dump(body), status, headers, "application/json;charset=UTF-8")

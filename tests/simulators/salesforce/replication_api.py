"""getUpdated and getDeleted: what changed in a window, safe against transactions in flight."""

from datetime import datetime, timedelta
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.simulators.salesforce.errors import ApiError
from tests.simulators.salesforce.org import RECYCLE_BIN
from tests.simulators.salesforce.values import instant, moment, parse_instant, wire_instant
from tests.simulators.salesforce.world import Call, reply

UPDATES_KEPT = timedelta(days=30)
MOST_IDS = 600_000


class Window(NamedTuple):
    start: str
    end: str
    covered: str


def _date(call: Call, name: str) -> datetime:
    given = call.request.query_params.get(name, "")
    try:
        return moment(parse_instant(given)).replace(second=0)
    except ValueError as error:
        message = f"Invalid value for the {name} parameter: {given}"
        raise ApiError(400, "INVALID_REPLICATION_DATE", message) from error


def _window(call: Call, reach: timedelta) -> Window:
    start, end, now = _date(call, "start"), _date(call, "end"), call.org.clock.now()
    if end - start < timedelta(minutes=1):
        message = "endDate must be at least one minute greater than startDate"
        raise ApiError(400, "INVALID_REPLICATION_DATE", message)
    if start < now - reach:
        message = f"startDate cannot be more than {reach.days} days ago"
        raise ApiError(400, "INVALID_REPLICATION_DATE", message)
    covered = min(end, now - timedelta(seconds=call.org.settings.replication_lag_seconds))
    in_flight = call.org.in_flight(call.sobject.name)
    if in_flight is not None:
        covered = min(covered, moment(in_flight) - timedelta(seconds=1))
    return Window(instant(start), instant(end), instant(covered))


async def updated(request: Request) -> Response:
    call = Call.of(request)
    window = _window(call, UPDATES_KEPT)
    found = [
        each["Id"]
        for each in call.org.scan(call.sobject.name)
        if window.start <= str(each["SystemModstamp"]) < window.end
    ]
    if len(found) >= MOST_IDS:
        raise ApiError(400, "EXCEEDED_ID_LIMIT", "exceeded the limit of 600000 ids")
    return reply({"ids": found, "latestDateCovered": wire_instant(window.covered)})


async def deleted(request: Request) -> Response:
    call = Call.of(request)
    window = _window(call, RECYCLE_BIN)
    earliest = instant(call.org.clock.now() - RECYCLE_BIN)
    earliest = max(earliest, call.org.settings.deleted_log_since or earliest)
    gone = [
        {"id": each["Id"], "deletedDate": wire_instant(str(each["_DeletedAt"]))}
        for each in call.org.scan(call.sobject.name, everything=True)
        if each.get("IsDeleted")
        and max(window.start, earliest) <= str(each["_DeletedAt"]) < window.end
    ]
    return reply(
        {
            "deletedRecords": gone,
            "earliestDateAvailable": wire_instant(earliest),
            "latestDateCovered": wire_instant(window.covered),
        }
    )


ROUTES = [
    Route("/sobjects/{sobject}/updated", updated),
    Route("/sobjects/{sobject}/updated/", updated),
    Route("/sobjects/{sobject}/deleted", deleted),
    Route("/sobjects/{sobject}/deleted/", deleted),
]

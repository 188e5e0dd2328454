"""`/query`, `/queryAll` and the pages after the first."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.simulators.salesforce import cursors, soql
from tests.simulators.salesforce.errors import malformed_query
from tests.simulators.salesforce.selection import Selection
from tests.simulators.salesforce.world import Call, reply


def _run(call: Call, *, everything: bool) -> Response:
    text = call.request.query_params.get("q")
    if not text:
        raise malformed_query("A query string has to be specified")
    query = soql.parse(text)
    selection = Selection(call.org, query, everything=everything)
    if query.counts:
        return reply({"totalSize": len(selection.rows()), "done": True, "records": []})
    batch = cursors.batch_size(call.request.headers.get("sforce-query-options"))
    return reply(
        call.world.cursors.start(
            call.user_id, selection, call.base, everything=everything, batch=batch
        )
    )


async def query(request: Request) -> Response:
    return _run(Call.of(request), everything=False)


async def query_all(request: Request) -> Response:
    return _run(Call.of(request), everything=True)


async def next_records(request: Request) -> Response:
    call = Call.of(request)
    return reply(call.world.cursors.resume(call.user_id, call.param("locator"), call.base))


ROUTES = [
    Route("/query", query),
    Route("/query/", query),
    Route("/queryAll", query_all),
    Route("/queryAll/", query_all),
    Route("/query/{locator}", next_records),
    Route("/queryAll/{locator}", next_records),
]

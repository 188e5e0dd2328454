"""`/jobs/query`: the routes of the bulk jobs."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.simulators.salesforce.errors import ApiError
from tests.simulators.salesforce.world import Call, reply

MOST_ROWS = 50_000


async def create(request: Request) -> Response:
    call = Call.of(request)
    return reply(call.world.bulk.create(call.user_id, await call.json_object()).describe())


async def list_jobs(request: Request) -> Response:
    jobs = [each.describe() for each in Call.of(request).world.bulk.all()]
    return reply({"done": True, "records": jobs, "nextRecordsUrl": None})


async def read(request: Request) -> Response:
    call = Call.of(request)
    return reply(call.world.bulk.poll(call.param("job_id")).describe())


async def abort(request: Request) -> Response:
    call = Call.of(request)
    if (await call.json_object()).get("state") != "Aborted":
        raise ApiError(400, "INVALIDJOBSTATE", "A query job can only be aborted")
    return reply(call.world.bulk.abort(call.param("job_id")).describe())


async def delete(request: Request) -> Response:
    call = Call.of(request)
    call.world.bulk.delete(call.param("job_id"))
    return Response(status_code=204)


async def results(request: Request) -> Response:
    call = Call.of(request)
    wanted = request.query_params.get("maxRecords", "")
    rows = min(int(wanted), MOST_ROWS) if wanted.isdigit() and int(wanted) else MOST_ROWS
    page, count, after = call.world.bulk.results(
        call.param("job_id"), rows, request.query_params.get("locator")
    )
    headers = {"Sforce-NumberOfRecords": str(count), "Sforce-Locator": after}
    return Response(page, headers=headers, media_type="text/csv")


ROUTES = [
    Route("/jobs/query", create, methods=["POST"]),
    Route("/jobs/query", list_jobs, methods=["GET"]),
    Route("/jobs/query/{job_id}", read, methods=["GET"]),
    Route("/jobs/query/{job_id}", abort, methods=["PATCH"]),
    Route("/jobs/query/{job_id}", delete, methods=["DELETE"]),
    Route("/jobs/query/{job_id}/results", results, methods=["GET"]),
]

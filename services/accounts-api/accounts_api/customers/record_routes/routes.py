from collections.abc import Sequence

from fastapi import APIRouter
from fastapi.params import Depends

from accounts_api.customers.record_routes.body_writes import add_body_writes
from accounts_api.customers.record_routes.history import add_history
from accounts_api.customers.record_routes.reads import add_reads
from accounts_api.customers.record_routes.record_type import RecordType
from accounts_api.customers.record_routes.writes import add_writes
from shared.web.routing import api_router


def record_router(record_type: RecordType, *, dependencies: Sequence[Depends] = ()) -> APIRouter:
    """Every route of a record type."""
    router = api_router(record_type.prefix, record_type.plural.capitalize())
    router.dependencies.extend(dependencies)
    add_body_writes(router, record_type)
    add_reads(router, record_type)
    add_writes(router, record_type)
    add_history(router, record_type)
    return router

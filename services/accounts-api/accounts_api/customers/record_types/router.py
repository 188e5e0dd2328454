"""The routes of the record types that every workspace has."""

from accounts_api.customers.record_routes.routes import record_router
from accounts_api.customers.record_types.service import RECORD_TYPES

routers = [record_router(record_type) for record_type in RECORD_TYPES.values()]

from accounts_api.customers.opportunities.schemas import (
    EXAMPLE,
    SEARCH,
    OpportunityIn,
    OpportunityOut,
    OpportunityPatch,
    OpportunityRow,
    OpportunityRows,
)
from accounts_api.customers.opportunities.service import opportunities
from accounts_api.customers.record_routes.record_type import RecordType

OPPORTUNITIES = RecordType(
    "/v1/opportunities",
    opportunities,
    create=OpportunityIn,
    patch=OpportunityPatch,
    row=OpportunityRow,
    rows=OpportunityRows,
    out=OpportunityOut,
    example=EXAMPLE,
    search=SEARCH,
)

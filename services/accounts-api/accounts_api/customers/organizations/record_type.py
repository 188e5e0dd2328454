from accounts_api.customers.organizations.schemas import (
    EXAMPLE,
    SEARCH,
    OrganizationIn,
    OrganizationOut,
    OrganizationPatch,
    OrganizationRow,
    OrganizationRows,
)
from accounts_api.customers.organizations.service import organizations
from accounts_api.customers.record_routes.record_type import RecordType

ORGANIZATIONS = RecordType(
    "/v1/organizations",
    organizations,
    create=OrganizationIn,
    patch=OrganizationPatch,
    row=OrganizationRow,
    rows=OrganizationRows,
    out=OrganizationOut,
    example=EXAMPLE,
    search=SEARCH,
)

from accounts_api.customers.accounts.schemas import (
    EXAMPLE,
    SEARCH,
    AccountIn,
    AccountOut,
    AccountPatch,
    AccountRow,
    AccountRows,
)
from accounts_api.customers.accounts.service import accounts
from accounts_api.customers.record_routes.record_type import RecordType

ACCOUNTS = RecordType(
    "/v1/accounts",
    accounts,
    create=AccountIn,
    patch=AccountPatch,
    row=AccountRow,
    rows=AccountRows,
    out=AccountOut,
    example=EXAMPLE,
    search=SEARCH,
)

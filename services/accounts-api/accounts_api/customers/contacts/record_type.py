from accounts_api.customers.contacts.schemas import (
    EXAMPLE,
    SEARCH,
    ContactIn,
    ContactOut,
    ContactPatch,
    ContactRow,
    ContactRows,
)
from accounts_api.customers.contacts.service import contacts
from accounts_api.customers.record_routes.record_type import RecordType

CONTACTS = RecordType(
    "/v1/contacts",
    contacts,
    create=ContactIn,
    patch=ContactPatch,
    row=ContactRow,
    rows=ContactRows,
    out=ContactOut,
    example=EXAMPLE,
    search=SEARCH,
)

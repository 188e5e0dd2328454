from accounts_api.records.schema.record_schemas import ORGANIZATION
from accounts_api.records.store.service import Records

organizations = Records(ORGANIZATION)

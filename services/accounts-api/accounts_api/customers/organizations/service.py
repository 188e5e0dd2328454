from accounts_api.records.requests.service import Records
from accounts_api.records.schema.record_schemas import ORGANIZATION

organizations = Records(ORGANIZATION)

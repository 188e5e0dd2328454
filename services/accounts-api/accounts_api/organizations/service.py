from accounts_api.records.kinds import ORGANIZATION
from accounts_api.records.service import Records

organizations = Records(ORGANIZATION)

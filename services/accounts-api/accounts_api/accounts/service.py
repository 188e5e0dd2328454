from accounts_api.records.kinds import ACCOUNT
from accounts_api.records.service import Records

accounts = Records(ACCOUNT)

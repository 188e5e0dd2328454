from accounts_api.records.kinds import OPPORTUNITY
from accounts_api.records.service import Records

opportunities = Records(OPPORTUNITY)

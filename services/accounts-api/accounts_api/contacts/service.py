from accounts_api.records.kinds import CONTACT
from accounts_api.records.service import Records

contacts = Records(CONTACT)

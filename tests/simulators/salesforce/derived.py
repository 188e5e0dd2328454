"""What the org fills in by itself when a record is saved."""

import base64
import re
from datetime import date, timedelta

from tests.simulators.salesforce.objects import STAGES
from tests.simulators.salesforce.values import Value, Values, moment

ARCHIVED_AFTER = timedelta(days=365)


def fill(sobject: str, values: Values, given: set[str]) -> None:
    """Complete `values` in place; `given` are the fields that this save sets."""
    if sobject in {"Contact", "User"}:
        names = (values.get("FirstName"), values.get("LastName"))
        values["Name"] = " ".join(str(name) for name in names if name)
    if sobject == "Contact":
        values["IsEmailBounced"] = values.get("EmailBouncedDate") is not None
        if "Email" in given and "EmailBouncedDate" not in given:
            # A new address starts with a clean record.
            values["EmailBouncedDate"] = values["EmailBouncedReason"] = None
            values["IsEmailBounced"] = False
    elif sobject == "Opportunity":
        closed, won, category, probability = STAGES.get(
            str(values.get("StageName")), (False, False, "Pipeline", 10.0)
        )
        values["IsClosed"], values["IsWon"] = closed, won
        values["ForecastCategory"] = category
        if "StageName" in given and "Probability" not in given:
            values["Probability"] = probability
    elif sobject == "ContentNote" and values.get("Content") is not None:
        # Line breaks vanish without a word; who wants lines has to send paragraphs.
        content = base64.b64decode(str(values["Content"])).decode("utf-8", "replace")
        kept = re.sub(r"<script.*?</script>|[\r\n]", "", content, flags=re.DOTALL | re.IGNORECASE)
        values["Content"] = base64.b64encode(kept.encode()).decode()
    elif sobject == "Task":
        values["IsClosed"] = values.get("Status") == "Completed"


def is_archived(task: Values, now: str) -> bool:
    """Closed activities leave plain queries a year after their date."""
    due: Value = task.get("ActivityDate")
    if not task.get("IsClosed") or not isinstance(due, str):
        return False
    return date.fromisoformat(due) < (moment(now) - ARCHIVED_AFTER).date()

from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field

from accounts_api.records.requests.schemas import RecordTypeKey
from shared.schemas import In

MOST_JUDGED: Final = 500
MOST_SNAPSHOTS: Final = 1_000
_MOST_RULES: Final = 50
_MOST_FIELDS: Final = 200

Place = Annotated[str, Field(min_length=1, max_length=200)]
RuleIn = dict[str, Any] | str
RulesIn = Annotated[dict[Place, RuleIn], Field(max_length=_MOST_RULES)]
Fields = Annotated[list[Place], Field(max_length=_MOST_FIELDS)]


class JudgementsIn(In):
    """Rules by a place of the asker's, and the records to judge by them."""

    record_type: RecordTypeKey
    rules: RulesIn = {}
    ids: Annotated[list[UUID], Field(max_length=MOST_JUDGED)]
    fields: Fields = []
    explain: bool = False
    feed_place: Annotated[str | None, Field(max_length=50)] = None
    """Of the last event that the asker published; until that was read nobody is judged."""


class SnapshotsIn(In):
    record_type: RecordTypeKey
    rules: RulesIn = {}
    ids: Annotated[list[UUID], Field(max_length=MOST_SNAPSHOTS)]
    fields: Fields = []


class QuestionIn(In):
    record_type: RecordTypeKey
    rule: RuleIn


class QuestionsIn(In):
    questions: Annotated[dict[Place, QuestionIn], Field(min_length=1, max_length=_MOST_RULES)]

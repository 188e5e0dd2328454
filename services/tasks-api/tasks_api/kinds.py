"""The records that have traits, by their types."""

from typing import Final

from tasks_api.notes.notes import service as notes
from tasks_api.records.trait_values.service import Kinds
from tasks_api.work.tasks import service as tasks

KINDS: Final[Kinds] = {one.kind: one for one in (tasks.UPSERTED, notes.UPSERTED)}

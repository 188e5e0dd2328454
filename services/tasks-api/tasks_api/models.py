"""Every feature's tables in one import, for Alembic."""

from tasks_api.db import CALENDARS, FOUNDATION, Base
from tasks_api.notes.note_templates.models import note_templates
from tasks_api.notes.notes.models import deleted_notes, notes
from tasks_api.notifications.models import notifications
from tasks_api.records.history.models import field_changes
from tasks_api.records.traits.models import trait_definitions
from tasks_api.replica.models import accounts, members
from tasks_api.work.indicator_tasks.models import indicator_tasks
from tasks_api.work.tasks.models import tasks

__all__ = [
    "CALENDARS",
    "FOUNDATION",
    "Base",
    "accounts",
    "deleted_notes",
    "field_changes",
    "indicator_tasks",
    "members",
    "note_templates",
    "notes",
    "notifications",
    "tasks",
    "trait_definitions",
]

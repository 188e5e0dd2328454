"""The web process."""

from functools import partial

from fastapi import FastAPI

from shared import held_work
from shared.app import build_app
from shared.bulk import LARGEST_BODY
from shared.routers.dead_events import dead_events_router
from shared.routers.held_work import held_work_router
from shared.routers.status import STATUS_TAG, status_router
from shared.routers.usages import usages_router
from shared.settings import Settings
from tasks_api.kinds import KINDS
from tasks_api.notes.note_records.router import router as note_records
from tasks_api.notes.note_templates import service as note_templates_service
from tasks_api.notes.note_templates.router import router as note_templates
from tasks_api.notes.notes.router import router as notes
from tasks_api.notes.template_usages.router import router as template_usages
from tasks_api.notifications.router import router as notifications
from tasks_api.records.trait_values import service as trait_values_service
from tasks_api.records.trait_values.router import trait_values_router
from tasks_api.status import due_work
from tasks_api.subscriptions import SUBSCRIPTIONS
from tasks_api.work.task_records.router import router as task_records
from tasks_api.work.tasks import service as tasks_service
from tasks_api.work.tasks.router import internal as tasks_internal
from tasks_api.work.tasks.router import router as tasks

MIGRATION_HEAD = "0014"

TAGS = [
    {"name": "Tasks", "description": "What people must do: one open task per cause."},
    {"name": "Notes", "description": "What was said; a note's fields are the record's fields."},
    {"name": "Note templates", "description": "Versioned forms for notes."},
    {"name": "Notifications", "description": "What a member was told."},
    STATUS_TAG,
]


def create_app(settings: Settings | None = None) -> FastAPI:
    return build_app(
        "tasks",
        title="Tenure tasks",
        summary="What people must do, and what was said.",
        routers=[
            task_records,
            tasks,
            tasks_internal,
            note_records,
            notes,
            note_templates,
            template_usages,
            notifications,
            status_router("tasks", due_work, held_work.counts),
            usages_router(
                tasks_service.usages,
                note_templates_service.usages,
                partial(trait_values_service.usages, KINDS),
            ),
            trait_values_router(KINDS),
            dead_events_router("tasks", SUBSCRIPTIONS),
            held_work_router("tasks"),
        ],
        tags=TAGS,
        settings=settings,
        migration_head=MIGRATION_HEAD,
        larger_bodies={"/bulk": LARGEST_BODY},
    )

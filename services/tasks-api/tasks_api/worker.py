"""The queue door: what this service does when others speak, and what falls due."""

import asyncio

from shared.events.accounts import (
    AccountChanged,
    ManualEntryRefused,
    MemberChanged,
    WorkspaceChanged,
)
from shared.events.sequences import (
    ContactReplied,
    EnrollmentBlocked,
    EnrollmentUnblocked,
    MessageHeld,
    MessageResolved,
)
from shared.events.sync import ConnectionNeedsReauth, WebhookEndpointDisabled
from shared.feed.consumer import Handlers
from shared.service import Service
from shared.settings import Settings
from shared.worker import Loop, feed_loops, run_worker
from shared.workspaces import copy_workspace
from tasks_api.notes import handlers as notes
from tasks_api.notes.jobs import write_fields
from tasks_api.notifications import handlers as notifications
from tasks_api.tasks import handlers as tasks
from tasks_api.tasks.jobs import tell_breaches

HANDLERS: Handlers = {
    WorkspaceChanged: [copy_workspace, notes.on_workspace_changed],
    MemberChanged: [tasks.on_member_changed],
    AccountChanged: [tasks.on_account_changed],
    ManualEntryRefused: [tasks.on_manual_entry_refused],
    EnrollmentBlocked: [tasks.on_enrollment_blocked],
    EnrollmentUnblocked: [tasks.on_enrollment_unblocked],
    MessageHeld: [tasks.on_message_held],
    MessageResolved: [tasks.on_message_resolved],
    ContactReplied: [notifications.on_contact_replied],
    ConnectionNeedsReauth: [notifications.on_connection_needs_reauth],
    WebhookEndpointDisabled: [notifications.on_webhook_endpoint_disabled],
}


def loops(service: Service) -> list[Loop]:
    return [
        *feed_loops(service, HANDLERS),
        Loop("breaches", tell_breaches),
        Loop("note fields", write_fields),
    ]


async def main() -> None:
    service = Service.build("tasks", Settings())
    await run_worker(service, loops(service))


if __name__ == "__main__":
    asyncio.run(main())

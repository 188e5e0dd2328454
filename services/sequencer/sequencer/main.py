"""The web process."""

from fastapi import FastAPI

from sequencer.mail.mailboxes.router import router as mailboxes
from sequencer.mail.messages.router import router as messages
from sequencer.mail.sending.router import router as sending
from sequencer.mail.suppressions.router import router as suppressions
from sequencer.mail.unsubscribe.router import router as unsubscribe
from sequencer.sequences.enrollment_lists.router import router as enrollment_lists
from sequencer.sequences.enrollments.router import router as enrollments
from sequencer.sequences.entry.router import router as entry
from sequencer.sequences.manual_actions.router import router as manual_actions
from sequencer.sequences.manual_entry.router import router as manual_entry
from sequencer.sequences.previews.router import router as previews
from sequencer.sequences.quiet_batches.router import router as quiet_batches
from sequencer.sequences.reevaluation_queue import held
from sequencer.sequences.sequences.router import router as sequences
from sequencer.status import due_work, held_work
from sequencer.subscriptions import SUBSCRIPTIONS
from sequencer.usages import service as usages_service
from sequencer.usages.router import router as usages
from sequencer.wiring import WIRING
from shared.app import build_app
from shared.routers.dead_events import dead_events_router
from shared.routers.held_work import held_work_router
from shared.routers.status import STATUS_TAG, status_router
from shared.routers.usages import usages_router
from shared.settings import Settings

MIGRATION_HEAD = "0017"

_TAGS = [
    {"name": "Sequences", "description": "Dated series of mails, and which version is in force."},
    {"name": "Enrollments", "description": "Records on their way through a sequence."},
    {
        "name": "Quiet batches",
        "description": "Imports and pulls that started nothing, and what they would have started.",
    },
    {"name": "Messages", "description": "The ledger of mails: what left, what waits, and why."},
    {"name": "Mailboxes", "description": "Addresses that sequences send from."},
    {"name": "Suppressions", "description": "Addresses that nothing is sent to."},
    {"name": "Unsubscribe", "description": "What a recipient reaches from a mail."},
    STATUS_TAG,
]


def create_app(settings: Settings | None = None) -> FastAPI:
    return build_app(
        "sequencer",
        title="Tenure sequencer",
        summary="What must happen by itself, and when: renewal sequences and the mails they send.",
        # `manual_entry` first: its fixed path is not an enrollment's id.
        routers=[
            sequences,
            entry,
            previews,
            manual_entry,
            enrollment_lists,
            enrollments,
            manual_actions,
            quiet_batches,
            messages,
            sending,
            mailboxes,
            suppressions,
            unsubscribe,
            status_router("sequencer", due_work, held_work),
            usages,
            usages_router(usages_service.uses),
            dead_events_router("sequencer", SUBSCRIPTIONS),
            held_work_router("sequencer", held),
        ],
        tags=_TAGS,
        settings=settings,
        wiring=WIRING,
        migration_head=MIGRATION_HEAD,
    )

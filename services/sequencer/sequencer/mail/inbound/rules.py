"""Whether a mail that names no other may answer one of ours. Pure."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sequencer.mail.messages.schemas import Message

ANSWER_WINDOW = timedelta(days=30)
"""How long such a mail may be an answer: the widest space between two mails of a renewal sequence
(90, 60, 30, 14 and 7 days before). Whoever answers later has had the next mail; with a longer one
whatever a customer writes in half a year would be an answer.
"""


def may_answer(
    message: Message,
    *,
    received_at: datetime,
    came_to: Collection[str],
    answers_go_to: Collection[str],
) -> bool:
    """It came to where answers to our mail go, or was addressed there, and not before ours left."""
    return has_left_before(message, received_at) and not set(came_to).isdisjoint(answers_go_to)


def has_left_before(message: Message, arrived: datetime) -> bool:
    """Mail servers date by the machine's clock or, in a simulated world, by the workspace's, which
    may stand still: what is earlier by both came before. Of one whose outcome nobody knows, all we
    know is that it did not leave before it was due.
    """
    return arrived >= (message.sent_at or message.due_at) or arrived >= message.updated_at

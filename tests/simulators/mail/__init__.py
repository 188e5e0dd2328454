"""The outside world of mail: an SMTP and an IMAP server over one store, with rules of behaviour."""

from tests.simulators.mail.accepted import Accepted
from tests.simulators.mail.rules import (
    HARD_BOUNCE,
    OUT_OF_OFFICE,
    REPLY,
    SOFT_BOUNCE,
    BounceForm,
    Fault,
    ImapFault,
    Reaction,
    ReactionKind,
    Rule,
    Stage,
)
from tests.simulators.mail.simulator import MailSimulator

__all__ = [
    "HARD_BOUNCE",
    "OUT_OF_OFFICE",
    "REPLY",
    "SOFT_BOUNCE",
    "Accepted",
    "BounceForm",
    "Fault",
    "ImapFault",
    "MailSimulator",
    "Reaction",
    "ReactionKind",
    "Rule",
    "Stage",
]

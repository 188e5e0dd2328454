"""The outside world of mail: an SMTP and an IMAP server over one store, with rules of behaviour.

    async with MailSimulator(directory, mailboxes={"ana@acme.example": "secret"}) as mail:
        mail.fail(Fault(stage=Stage.DOT, close=True, accepted=True), times=1)
        mail.react("*@cust.example", HARD_BOUNCE)
        ...                                     # send to mail.smtp_port
        assert mail.count("<step.1@acme.example>") == 1
        await mail.wait_for_inbox("ana@acme.example")

Without any rule `bounce.example` bounces hard, `full.example` softly, `unknown.example` is refused
at RCPT, `reply.example` answers and `ooo.example` is out of the office; every other domain accepts
and stays silent.

`python -m tests.simulators.mail --state DIR` runs it as a process. The same is set over HTTP at
the `control_url` that it prints; `/openapi.json` there describes all of it:

    PUT  /mailboxes   {"address": "ana@acme.example", "password": "secret"}
    POST /rules       {"recipient": "*@cust.example", "reaction": {"kind": "bounce"}}
    POST /rules       {"fault": {"stage": "rcpt", "code": 550, "text": "5.1.1 unknown"}, "times": 1}
    GET  /accepted/count?message_id=<step.1@acme.example>
    PUT  /clock       {"now": "2026-05-06T07:08:09Z", "frozen": true}
"""

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

"""What a mail server means by a refusal."""

import pytest

from sequencer.mail.sending.rules import meaning_of


@pytest.mark.parametrize(
    ("stage", "code", "text", "meaning"),
    [
        ("rcpt", 550, "5.1.1 No such user", "bad_recipient"),
        ("rcpt", 550, "No such user here", "bad_recipient"),
        ("rcpt", 550, "5.1.0 Address rejected", "bad_recipient"),
        ("dot", 550, "5.5.0 mailbox unavailable", "bad_recipient"),
        ("rcpt", 550, "Blocked by a list, see https://bl.example/5.1.1.7", "content"),
        ("rcpt", 550, "", "content"),
        ("rcpt", 550, "5.1.8 Sender address rejected: domain not found", "content"),
        (
            "rcpt",
            553,
            "Sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
            "mailbox",
        ),
        ("rcpt", 550, "5.7.1 relaying denied", "mailbox"),
        ("rcpt", 550, "5.7.26 This mail is unauthenticated, see DMARC", "mailbox"),
        ("rcpt", 554, "5.7.1 Client host blocked using zen.spamhaus.example", "mailbox"),
        ("rcpt", 530, "5.7.0 Authentication required", "mailbox"),
        ("rcpt", 550, "5.7.1 Recipient not allowed to receive external mail", "content"),
        ("rcpt", 550, "5.7.133 sender not authenticated for group", "content"),
        ("dot", 550, "5.7.1 Only members may post to this list", "content"),
        ("dot", 554, "5.6.0 malformed", "content"),
        ("rcpt", 552, "Mailbox full", "later"),
        ("rcpt", 450, "5.1.1 No such user", "later"),
        ("dot", 550, "4.7.0 try later", "later"),
        ("mail", 550, "5.1.1 No such user", "mailbox"),
        ("connect", 554, "No such user", "mailbox"),
    ],
)
def test_a_refusal_is_judged_as_a_report_would_be(
    stage: str, code: int, text: str, meaning: str
) -> None:
    assert meaning_of(stage, code, text) == meaning

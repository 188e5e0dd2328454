"""Reports of mail systems in the forms that are met, each with what it says of our mail."""

import base64
import quopri

import pytest

from tests.sync_worker.mail.mails import GONE, MAILER, OURS, QUOTED, found, verdict

BLOCK = "Final-Recipient: rfc822; {}\nAction: {}\nStatus: {}\n"
FAILED = BLOCK.format(GONE, "failed", "5.1.1")


def report(
    status_part: str,
    *,
    head: str = "Return-Path: <>\nFrom: MAILER-DAEMON@relay.acme.example (Mail Delivery System)",
    kind: str = "message/delivery-status",
    encoding: str = "7bit",
    quoting: str = "message/rfc822",
    quoted: str = QUOTED,
    said: str = "Your message could not be delivered.",
) -> str:
    return (
        f"{head}\nTo: ana@acme.example\nSubject: Undelivered Mail Returned to Sender\n"
        "MIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain\n\n{said}\n"
        f"--b\nContent-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n\n"
        f"Reporting-MTA: dns; relay.acme.example\n\n{status_part}\n"
        f"--b\nContent-Type: {quoting}\n\n{quoted}\n--b--\n"
    )


def coded(status_part: str, encoding: str) -> str:
    whole = f"Reporting-MTA: dns; relay.acme.example\n\n{status_part}".encode()
    octets = base64.encodebytes(whole) if encoding == "base64" else quopri.encodestring(whole)
    raw = report("@", encoding=encoding)
    return raw.replace("Reporting-MTA: dns; relay.acme.example\n\n@", octets.decode())


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
@pytest.mark.parametrize("status", ["5.1.1", "4.4.1"])
def test_a_machine_part_is_read_in_any_transfer_encoding(encoding: str, status: str) -> None:
    raw = coded(BLOCK.format(GONE, "failed", status) + "Diagnostic-Code: smtp; =20 x\n", encoding)
    finding = found(raw)
    assert finding.report is not None
    assert (finding.report.status, finding.report.recipient) == (status, GONE)
    assert verdict(raw) == ("hard" if status == "5.1.1" else "soft")


@pytest.mark.parametrize(
    "kind",
    [
        "message/delivery-status",
        "message/global-delivery-status",
        "message/x-delivery-status",
        "message/xdelivery-status",
        "text/delivery-status",
        "text/plain",
    ],
)
@pytest.mark.parametrize(
    "quoting",
    [
        "message/rfc822",
        "message/global",
        "message/rfc822-headers",
        "message/global-headers",
        "text/rfc822-headers",
    ],
)
def test_a_report_is_read_under_each_of_its_types(kind: str, quoting: str) -> None:
    finding = found(report(FAILED, kind=kind, quoting=quoting))
    assert finding.kind == "bounce"
    assert finding.report is not None
    assert (finding.report.kind, finding.report.recipient) == ("hard", GONE)
    assert finding.quoted[0] == OURS


def test_a_quoted_mail_is_read_in_its_transfer_encoding() -> None:
    quoted = base64.encodebytes(QUOTED.encode()).decode()
    raw = report(FAILED, quoted=quoted).replace(
        "Content-Type: message/rfc822\n",
        "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n",
    )
    assert found(raw).quoted == (OURS,)


def test_a_report_whose_boundary_is_wrong_is_read_all_the_same() -> None:
    raw = report(FAILED).replace('boundary="b"', 'boundary="other"')
    assert verdict(raw) == "hard"
    assert found(raw).quoted == (OURS,)


@pytest.mark.parametrize(
    "field",
    [
        "rfc822; info@müller.example",
        "utf-8; info@müller.example",
        "rfc822; info@xn--mller-kva.example",
        r"utf-8; info@m\x{FC}ller.example",
        "RFC822;<INFO@Müller.example>",
    ],
)
def test_an_address_is_one_in_every_script_of_its_domain(field: str) -> None:
    block = FAILED.replace(f"rfc822; {GONE}", field)
    quoted = QUOTED.replace(GONE, "info@xn--mller-kva.example")
    for kind in ("message/delivery-status", "message/global-delivery-status"):
        finding = found(report(block, kind=kind, quoted=quoted))
        assert finding.report is not None
        assert finding.report.recipient == "info@xn--mller-kva.example"


OTHER = "other@cust.example"


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([(GONE, "failed", "5.1.1"), (OTHER, "failed", "5.2.2")], "hard"),
        ([(OTHER, "failed", "5.1.1"), (GONE, "failed", "5.2.2")], "soft"),
        ([(OTHER, "failed", "5.1.1"), (GONE, "delivered", "2.0.0")], "other"),
        ([(OTHER, "failed", "5.1.1"), (GONE, "delayed", "4.4.1")], "other"),
        ([(OTHER, "delivered", "2.0.0"), (GONE, "failed", "5.1.1")], "hard"),
        ([(OTHER, "failed", "5.1.1"), ("third@cust.example", "failed", "5.1.1")], "hard"),
    ],
)
def test_of_several_recipients_the_one_that_we_wrote_to_counts(
    blocks: list[tuple[str, str, str]], expected: str
) -> None:
    assert verdict(report("\n".join(BLOCK.format(*block) for block in blocks))) == expected


def test_an_address_that_stands_for_several_people_is_good_when_it_reached_one() -> None:
    ours = f"Original-Recipient: rfc822; {GONE}\n"
    one = ours + BLOCK.format("a@cust.example", "failed", "5.1.1")
    two = ours + BLOCK.format("b@cust.example", "relayed", "2.0.0")
    assert verdict(report(f"{one}\n{two}")) == "other"


@pytest.mark.parametrize(
    ("action", "status", "expected"),
    [
        ("failed", "5.1.1", "hard"),
        ("Failed", "5.1.1", "hard"),
        ("failed (permanent)", "5.1.1", "hard"),
        ("delayed", "4.4.1", "other"),
        ("delivered", "2.1.5", "other"),
        ("relayed", "2.1.9", "other"),
        ("expanded", "2.0.0", "other"),
        ("", "5.1.1", "hard"),
        ("", "2.0.0", "other"),
    ],
)
def test_only_a_failure_is_a_bounce(action: str, status: str, expected: str) -> None:
    assert verdict(report(BLOCK.format(GONE, action, status))) == expected


def test_what_the_machine_part_leaves_out_is_taken_from_the_words_beside_it() -> None:
    for said, expected in (
        (f"{GONE}\n    Unrouteable address\n", "hard"),
        (f"{GONE}\n    retry timeout exceeded\n", "soft"),
        ("La dirección de correo no existe.", "hard"),
        ("Something went wrong.", "soft"),
    ):
        assert verdict(report(BLOCK.format(GONE, "failed", "5.0.0"), said=said)) == expected


PERSON = "Return-Path: <jo@cust.example>\nFrom: Jo <jo@cust.example>"


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_person_who_attaches_somebodys_report_is_a_person(*, wrapped: bool) -> None:
    inner = report(
        FAILED.replace(GONE, "billing@else.example"), quoted="Message-ID: <x@y.example>\n"
    )
    if wrapped:
        part = f"Content-Type: message/rfc822\n\n{inner}"
    else:
        part = f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n{FAILED}"
    raw = (
        f"{PERSON}\nTo: ana@acme.example\nSubject: Re: Your plan\nIn-Reply-To: {OURS}\n"
        'Content-Type: multipart/mixed; boundary="m"\n\n'
        f"--m\nContent-Type: text/plain\n\nYes. My mail came back.\n--m\n{part}\n--m--\n"
    )
    assert verdict(raw) == "reply"


def test_a_gateway_that_wraps_a_report_hides_nothing() -> None:
    inner = report(FAILED).split("\n\n", 1)[1]
    raw = (
        f"{MAILER}\nTo: ana@acme.example\nSubject: [EXTERNAL] Undelivered Mail\n"
        'Content-Type: multipart/mixed; boundary="m"\n\n--m\n'
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n{inner}'
        "--m\nContent-Type: text/plain\n\nThis mail was scanned.\n--m--\n"
    )
    assert verdict(raw) == "hard"


@pytest.mark.parametrize("kind", ["disposition-notification", "feedback-report"])
def test_receipts_and_complaints_are_no_bounces(kind: str) -> None:
    raw = report(FAILED).replace("report-type=delivery-status", f"report-type={kind}")
    assert verdict(raw) == "other"


def test_a_report_of_another_mail_in_our_thread_is_not_about_ours() -> None:
    theirs = "<cc.1@acme.example>"
    quoted = f"Message-ID: {theirs}\nTo: other@cust.example\nReferences: {OURS}\n"
    head = f"{MAILER}\nIn-Reply-To: {theirs}\nReferences: {OURS} {theirs}"
    fields = FAILED.replace(GONE, "other@cust.example")
    assert found(report(fields, head=head, quoted=quoted)).quoted == (theirs,)
    in_words = f"{head}\nSubject: Undelivered\n\nother@cust.example: unknown\n\nFrom: a@b.example\n"
    assert found(f"{in_words}Subject: x\n{quoted}").quoted == (theirs,)
    assert found(report(fields, head=head, quoting="text/plain", quoted="")).quoted == (theirs,)


def test_a_report_without_the_mail_names_what_its_thread_names() -> None:
    raw = report(FAILED, head=f"{MAILER}\nIn-Reply-To: {OURS}", quoting="text/plain", quoted="")
    assert found(raw).quoted == (OURS,)

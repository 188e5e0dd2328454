"""What a failure condemns: the address, or only this attempt."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.delivery_failures import cause_of_failure, enhanced_code

NOBODY = [
    "550 5.1.1 <gone@cust.example>: Recipient address rejected: User unknown",
    "550 5.1.0 <gone@cust.example>: Recipient address rejected: User unknown in virtual table",
    (
        "550 5.1.1 The email account that you tried to reach does not exist. Please try"
        " double-checking the recipient's email address for typos. See https://support.example/policy?p=NoSuchUser"
    ),
    "550 5.2.1 The email account that you tried to reach is disabled",
    "550 5.2.1",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
    "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302)",
    "550 No such user here",
    "550 no such recipient - gone@cust.example",
    "550 Unknown user gone@cust.example",
    "550 <gone@cust.example>: unknown",
    "550 Invalid Recipient - https://guide.example/DOC-13#550 [kQx7]",
    "550 Unrouteable address",
    "550 Mailbox not found",
    "550 This account has been disabled or discontinued",
    "550 sorry, no mailbox here by that name (#5.1.1 - chkuser)",
    "550 5.1.0 Address rejected.",
    "550 5.7.1 gone@cust.example: Recipient address rejected: no such user",
    "554 delivery error: dd This user doesn't have a mail.example account (gone@mail.example) [0]",
    "550 permanent failure for one or more recipients (gone@cust.example:550 5.1.1 User unknown)",
    "553 5.3.0 <gone@cust.example>... No such user here",
    "553 Requested action not taken: mailbox name not allowed",
    "501 5.1.3 Bad recipient address syntax",
    "556 5.1.10 Recipient address has null MX",
    "550 5.4.310 DNS domain gone.example does not exist [Message=InfoDomainNonexistent]",
    "5.4.4 Host or domain name not found. Name service error for name=gone.example: Host not found",
    "554 30 Sorry, your message cannot be delivered. This mailbox is disabled (554.30).",
    "DNS type 'mx' lookup of gone.example responded with code NXDOMAIN",
    "550 Benutzer unbekannt",
    "550 5.0.0 Empfänger existiert nicht",
    "550 Die E-Mail-Adresse wurde nicht gefunden",
    "550 Destinataire inconnu",
    "550 L'adresse n'existe pas",
    "550 El usuario no existe",
    "550 Destinatário desconhecido",
    "550 Utente sconosciuto",
    "550 Gebruiker onbekend",
    "550 Użytkownik nie istnieje",
    "550 Пользователь не найден",
    "550 宛先のメールアドレスが見つかりません",
    "550 用户不存在",
    "550 사용자를 찾을 수 없습니다",
]
NOT_THE_ADDRESS = [
    ("554 5.7.1 Service unavailable; Client host [5.1.1.34] blocked; see https://bl.example/5.1.1.34",
     "policy"),
    ("550 5.7.1 blocked", "policy"),
    ("550 5.7.1 Policy", "policy"),
    ("550 5.7.1 Access denied", "policy"),
    ("550 5.7.1 Sender rejected", "policy"),
    ("535 5.7.8 Authentication credentials invalid", "policy"),
    ("530 5.7.0 Authentication required", "policy"),
    ("554 5.7.1 Service unavailable; blocked using zen.spamhaus.example", "policy"),
    ("550 5.7.133 sender not authenticated for group, blocked using spamhaus", "policy"),
    ("550 5.7.60 Client does not have permissions to send as this sender", "policy"),
    ("550 5.7.57 Client was not authenticated to send anonymous mail during MAIL FROM", "policy"),
    ("550 5.7.64 TenantAttribution; Relay Access Denied", "policy"),
    ("550 5.7.708 Access denied, traffic not accepted from this IP", "policy"),
    ("550 5.7.1 External senders with a poor reputation are rejected", "policy"),
    ("550 5.7.1 Mail from your IP is refused by the recipient", "policy"),
    ("550 5.7.1 rejected by policy of the recipient's server", "policy"),
    ("550 5.7.1 rate limit exceeded for this recipient", "policy"),
    ("550 5.7.1 You are not authorized to send mail from this host", "policy"),
    ("550 5.7.1 account not authorized to send to the internet", "policy"),
    ("550 5.7.1 user not permitted to send outside", "policy"),
    ("550 5.7.26 Unauthenticated email is not accepted due to the DMARC policy", "policy"),
    ("550 5.7.1 Recipient not allowed to receive external mail", "restricted"),
    ("550 5.7.1 Recipient address rejected: this mailbox does not accept mail from outside",
     "restricted"),
    ("550 5.7.1 This user cannot receive mail from the internet", "restricted"),
    ("550 5.7.1 This address accepts mail only from colleagues", "restricted"),
    ("550 5.7.1 The user or group only accepts mail from internal senders", "restricted"),
    ("550 5.7.0 External senders are not allowed for this address", "restricted"),
    ("550 5.7.133 sender not authenticated for group", "restricted"),
    ("550 5.7.134 RESOLVER.RST.SenderNotAuthenticatedForMailbox; authentication required",
     "restricted"),
    ("550 5.7.1 RESOLVER.RST.NotAuthorized; not authorized", "restricted"),
    ("550 5.7.124 Sender not in allowed-senders list", "restricted"),
    ("550 5.7.12 The sender was not authenticated by the organization", "restricted"),
    ("554 5.7.1 You are not allowed to post to this list", "restricted"),
    ("550 5.7.1 You are not authorized to send to this recipient", "restricted"),
    ("550 5.7.2 Posting to this mailing list is restricted to members", "restricted"),
    ("550 5.7.1 Only members may post here", "restricted"),
    ("550 5.7.1 The group may not exist, or you may not have permission to post to the group",
     "restricted"),
    ("550 5.7.1 Restricted recipient", "restricted"),
    ("554 5.7.1 gone@cust.example: Recipient address rejected: Access denied", "restricted"),
    ("550 5.7.1 Mail refused by the recipient", "restricted"),
    ("550 5.7.1 The recipient has blocked your address", "restricted"),
    ("550 5.7.1 Externe Absender sind nicht erlaubt", "restricted"),
    ("550 5.7.1 Les expéditeurs externes ne sont pas autorisés", "restricted"),
    ("550 5.7.1 外部からのメールは受信できません", "restricted"),
    ("550 5.1.1 This mailbox does not accept mail from outside", "other"),
    ("550 Recipient not allowed to receive external mail", "other"),
    ("550 5.7.26 This mail is unauthenticated: DMARC policy of user unknown", "policy"),
    ("550 5.7.1 Unable to relay for gone@cust.example", "policy"),
    ("553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", "policy"),
    ("550 5.1.1 Blocked by policy", "other"),
    ("550 5.1.0 <us@acme.example>: Sender address rejected: User unknown in local table", "other"),
    ("550 5.1.8 <us@acme.example>: Sender address rejected: Domain not found", "other"),
    ("550 5.1.7 Invalid sender address", "other"),
    ("550 5.2.1 The user you try to contact receives mail at a rate that prevents more", "other"),
    ("550 5.4.1 Recipient address rejected: Access denied", "other"),
    ("550 Administrative prohibition - envelope blocked", "other"),
    ("550 Helo command rejected: Host not found", "other"),
    ("554 Your IP address (192.0.2.1) is not known to us", "other"),
    ("550 Rejected as spam", "other"),
    ("554 Sender unknown", "other"),
    ("554 5.2.1.7 is listed", "other"),
    ("550 5.0.0 rejected by SpamFilter 5.1.1", "other"),
    ("554 rejected on 5.1.24", "other"),
    ("550 mailbox unavailable, invalid DNS MX or A/AAAA resource record", "other"),
    ("connect to mx.cust.example[5.1.1.2]:25: Connection refused", "other"),
    ("554 Message not accepted for policy reasons", "other"),
    ("550 relay not permitted", "other"),
    ("552 5.3.4 Message size exceeds fixed limit", "other"),
    ("554 5.4.6 Too many hops", "other"),
    ("550 permanent failure for one or more recipients (gone@cust.example:blocked)", "other"),
    ("550", "other"),
    ("550 5.0.0 Not now, not here", "other"),
    ("", "other"),
    ("552 5.2.2 mailbox full, user not found in quota table", "full"),
    ("550 5.2.1 Mailbox disabled, over quota", "full"),
    ("550 5.1.1 mailbox is full", "full"),
    ("452 4.2.2 The account is over quota", "full"),
    ("552 Das Postfach ist voll", "full"),
    ("450 4.7.1 Client host rejected: cannot find your hostname, [10.5.1.1]", "passing"),
    ("450 4.2.0 <gone@cust.example>: Recipient address rejected: Greylisted", "passing"),
    ("450 user unknown for now", "passing"),
    ("451 4.3.0 Temporary lookup failure", "passing"),
    ("421 4.7.0 Try again later, closing connection", "passing"),
    ("550 4.4.7 QUEUE.Expired; message expired", "passing"),
]  # fmt: skip


@pytest.mark.parametrize("text", NOBODY)
def test_who_is_not_there_is_condemned(text: str) -> None:
    assert cause_of_failure(text) == "address"


@pytest.mark.parametrize(("text", "cause"), NOT_THE_ADDRESS)
def test_nothing_else_condemns_an_address(text: str, cause: str) -> None:
    assert cause_of_failure(text) == cause


@pytest.mark.parametrize(
    ("status", "text", "cause"),
    [
        ("5.1.1", "", "address"),
        ("5.1.10 (nobody)", "", "address"),
        ("5.0.0", "550-5.1.1 The account that you tried to reach does not exist", "address"),
        ("5.0.0", "unknown user: gone", "address"),
        (None, "The email address you entered couldn't be found.", "address"),
        ("5.1.1", "550 5.7.1 blocked", "policy"),
        ("5.7.1", "550 5.1.1 User unknown", "address"),
        ("5.2.2", "", "full"),
        ("4.2.2", "", "passing"),
        ("4.4.1", "user unknown", "passing"),
        ("4.0.0", "550 5.1.1 User unknown", "address"),
        ("5.0.0", "450 4.1.1 user unknown, try later", "passing"),
        ("5.7.1", "", "policy"),
        ("5.7.133", "", "restricted"),
        ("5.7.1", "This group takes mail only from members", "restricted"),
        ("5.0.0", "", "other"),
        (None, "", "other"),
    ],
)
def test_the_code_of_a_report_is_weighed_with_what_the_server_said(
    status: str | None, text: str, cause: str
) -> None:
    assert cause_of_failure(text, status) == cause


CAUSES = {"address", "full", "passing", "restricted", "policy", "other"}
OCTET = st.integers(0, 255).map(str)
NUMBERS = st.one_of(
    st.builds("[{}.{}.{}.{}]".format, OCTET, OCTET, OCTET, OCTET),
    st.builds("({}.{}.{}.{})".format, st.just("5"), st.just("1"), st.just("1"), OCTET),
    st.builds("{}.{}.{}".format, st.integers(1, 28), st.integers(1, 12), st.integers(1970, 2099)),
    st.dates().map(str),
    st.times().map(str),
    st.builds("{} {}.{}.{}".format, st.sampled_from(["Exim", "version", "v", "Postfix", "build"]),
              st.integers(2, 5), st.integers(0, 7), st.integers(0, 30)),
    st.builds("v{}.{}.{}".format, st.integers(2, 5), st.integers(0, 7), st.integers(0, 30)),
    st.builds("mx{}.relay-{}.example".format, st.integers(400, 599), st.integers(400, 599)),
    st.builds("2001:db8::{}:{}".format, st.integers(400, 599), st.integers(400, 599)),
    st.builds("2001:db8::{}".format, st.integers(400, 599)),
)  # fmt: skip
SAID = st.sampled_from([*NOBODY, *(text for text, _ in NOT_THE_ADDRESS)])


@given(SAID, st.lists(NUMBERS, min_size=1, max_size=3))
def test_numbers_of_networks_versions_and_dates_change_no_verdict(
    text: str, numbers: list[str]
) -> None:
    assert cause_of_failure(f"{text} {' '.join(numbers)}") == cause_of_failure(text)


@given(SAID, NUMBERS, st.data())
def test_nor_do_they_between_the_words(text: str, number: str, data: st.DataObject) -> None:
    words = text.split(" ")
    if not text or "(#" in text or "[Message" in text or "gone.example" in text:
        return
    # Not between a code and its reply code, wherever they stand: there belongs what is theirs.
    places = [
        place for place in range(2, len(words)) if not re.search(r"[45]\d\d$", words[place - 1])
    ]
    at = data.draw(st.sampled_from([*places, len(words)]))
    told = " ".join([*words[:at], number, *words[at:]])
    assert enhanced_code(told) == enhanced_code(text)


@given(st.text(max_size=300), st.one_of(st.none(), st.text(max_size=20)))
def test_whatever_is_said_there_is_a_verdict(text: str, status: str | None) -> None:
    assert cause_of_failure(text, status) in CAUSES

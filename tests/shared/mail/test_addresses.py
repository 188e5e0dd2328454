from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.mail.addresses import InvalidEmail, email_key, needs_smtputf8, normal_email, writers

WIDE = "\uff41nn\uff20cust\uff0eexample"
ONE_MAILBOX = [
    ("  Ann@Cust.Example  ", "Ann@cust.example", "ann@cust.example"),
    ("\u00a0ann@cust.example\u3000", "ann@cust.example", "ann@cust.example"),
    ("ann+tag@cust.example", "ann+tag@cust.example", "ann+tag@cust.example"),
    ("o'hara@cust.example", "o'hara@cust.example", "o'hara@cust.example"),
    ("info@müller.example", "info@müller.example", "info@xn--mller-kva.example"),
    ("info@MU\u0308LLER.example", "info@müller.example", "info@xn--mller-kva.example"),
    ("Info@XN--MLLER-KVA.example", "info@müller.example", "info@xn--mller-kva.example"),
    ("a@straße.example", "a@straße.example", "a@xn--strae-oqa.example"),
    (WIDE, "ann@cust.example", "ann@cust.example"),
    ("ann@ドメイン。example", "ann@ドメイン.example", "ann@xn--eckwd4c7c.example"),
    ("JÖRG@müller.example", "JÖRG@müller.example", "jörg@xn--mller-kva.example"),
    ("ann@cust.example.invalid", "ann@cust.example.invalid", "ann@cust.example.invalid"),
    ("ann@office.local", "ann@office.local", "ann@office.local"),
]
NONE = [
    ("ann@cust.example;", "commas or semicolons"),
    ("ann@cust.example,", "commas or semicolons"),
    (",x@y.example", "commas or semicolons"),
    ("a@b.example, c@d.example", "commas or semicolons"),
    ("ann\uff1bb@cust.example", "commas or semicolons"),
    ("<ann@cust.example>", "angle brackets"),
    ("Ann <ann@cust.example>", "angle brackets"),
    ("mailto:ann@cust.example", "mailto"),
    ("ann@cust..example", "dot"),
    ("ann@.example", "dot"),
    ("ann.@cust.example", "dot"),
    ("ann@cust.example.", "dot at the end"),
    ("x@[y", "network address"),
    ("x@[192.0.2.1]", "network address"),
    ("x@192.0.2.1", "such as"),
    ('"a b"@cust.example', "quotation marks"),
    ("a b@cust.example", "spaces"),
    ("x@y", "whole domain"),
    ("ann", "such as"),
    ("@cust.example", "such as"),
    ("a@b@cust.example", "such as"),
    ("ann@-cust.example", "such as"),
    ("ann@xn--zzzzzzzzz.example", "such as"),
    ("ann@cust.example\x00", "such as"),
    ("a\u200bnn@cust.example", "such as"),
    ("ann\ud800@cust.example", "such as"),
    ("", "such as"),
    ("x" * 300 + "@cust.example", "such as"),
    ("x" * 10_000 + "@cust.example", "at most"),
]


@pytest.mark.parametrize(("written", "stored", "key"), ONE_MAILBOX)
def test_an_address_has_one_form_to_store_and_one_to_compare(
    written: str, stored: str, key: str
) -> None:
    assert (normal_email(written), email_key(written)) == (stored, key)
    assert needs_smtputf8(stored) is stored.startswith("JÖRG")


@pytest.mark.parametrize(("written", "advice"), NONE)
def test_what_no_mail_can_be_sent_to_is_refused_with_advice_of_our_own(
    written: str, advice: str
) -> None:
    with pytest.raises(InvalidEmail, match=advice):
        normal_email(written)
    assert email_key(written) is None


def test_who_writes_with_a_tag_may_be_known_without_it() -> None:
    assert writers("ann+work@cust.example") == ["ann+work@cust.example", "ann@cust.example"]
    for plain in ("ann@cust.example", "+ann@cust.example", ""):
        assert writers(plain) == [plain]


def test_what_is_missing_has_no_key() -> None:
    assert email_key(None) is None


@given(
    st.one_of(
        st.text(max_size=40),
        st.builds("{}@{}.example".format, st.text(max_size=12), st.text(max_size=12)),
        st.emails(),
    )
)
@example("ŉ@b.example")
@example("İ@b.example")
@example("ΐ\u0345@b.example")
def test_forms_are_stable_and_fit_a_header(written: str) -> None:
    key = email_key(written)
    if key is None:
        return
    stored = normal_email(written)
    assert normal_email(stored) == stored
    assert email_key(stored) == email_key(key) == key
    if not needs_smtputf8(key):
        mail = EmailMessage(policy=SMTP)
        mail["To"] = Address("Ann", addr_spec=key)
        assert mail["To"].addresses[0].addr_spec == key
        assert key in mail.as_bytes().decode("ascii").replace("\r\n", "")

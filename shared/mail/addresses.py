"""Checks, normalizes and compares e-mail addresses.

Every service uses these functions, for incoming and outgoing addresses; none lowers or splits an
address by hand. `shared.schemas.Email` is the type for bodies.

- `normal_email` gives the form to store and to show, and refuses what no mail can be sent to.
- `email_key` gives the form to compare, look up and send by. Store it beside the address where rows
  are found by address; give both sides of a comparison to it.
- `writers` gives the keys to look up by when a mail came in.
- `needs_smtputf8` says whether a server must offer SMTPUTF8 (RFC 6531) to take mail for it.

No name server is asked. Domains are IDNA 2008 with the mapping of UTS 46, so that
`info@müller.example` and `INFO@xn--mller-kva.example` are one mailbox.
"""

import re
import unicodedata
from typing import Final

import email_validator
from email_validator import EmailNotValidError, ValidatedEmail

# A CRM's sandbox ends every address in `.invalid`, and a company's own server may be in `.local`:
# such addresses are kept like others. That no mail leaves for them is the mail server's to say.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

LONGEST: Final = 254
"""Characters of an address (RFC 5321, erratum 1690)."""

_EXAMPLE: Final = "Use an e-mail address such as ada@example.com."
_MISTAKES: Final = (
    (re.compile(r"^mailto:", re.IGNORECASE), "Write the address without `mailto:`."),
    (re.compile(r"@\["), "Name a domain after the @, not a network address."),
    (re.compile(r"[<>]"), "Write the address alone, without a name or angle brackets."),
    (re.compile(r"[,;]"), "Write one address, without commas or semicolons."),
    (re.compile(r'"'), "Write the address without quotation marks."),
    (re.compile(r"\.$"), "Remove the dot at the end of the address."),
    (re.compile(r"^\.|\.\.|\.@|@\."), "Remove the dot that stands beside another dot or the @."),
    (re.compile(r"\s"), "Remove the spaces within the address."),
    (re.compile(r"@[^.]+$"), f"Write the whole domain after the @. {_EXAMPLE}"),
)


class InvalidEmail(ValueError):
    """The text is not an e-mail address. The message says what to change."""


def normal_email(text: str) -> str:
    """The address as it is stored and shown: without spaces around it, NFKC, its domain in small
    letters and its own script. The part before the @ keeps its capitals. Raises `InvalidEmail`.
    """
    return _validated(text).normalized


def email_key(email: str | None) -> str | None:
    """The same for two spellings of one mailbox: case-folded, its domain in ASCII. None for what is
    no address, such as one stored before it would have been refused.

    A tag (`ann+news@`) is part of the mailbox, because the mailbox may sort by it.
    """
    if email is None:
        return None
    try:
        valid = _validated(email)
    except InvalidEmail:
        return None
    local = unicodedata.normalize("NFKC", valid.local_part.casefold())
    return f"{local}@{valid.ascii_domain}"


def writers(key: str) -> list[str]:
    """Whom a mail from this address may be from, as keys: a person answers from `ann+work@` who is
    known as `ann@`. The other way round nobody can tell, so it is not asked.
    """
    local, at, domain = key.rpartition("@")
    own = local.partition("+")[0]
    return list(dict.fromkeys([key, f"{own}{at}{domain}" if own else key]))


def needs_smtputf8(email: str) -> bool:
    """Of a valid address: the part before the @ has no form in ASCII."""
    return not email.rpartition("@")[0].isascii()


def _validated(text: str) -> ValidatedEmail:
    if len(text) > 2 * LONGEST:
        raise InvalidEmail(f"An e-mail address has at most {LONGEST} characters.")
    email = unicodedata.normalize("NFKC", text.strip()).strip()
    try:
        return email_validator.validate_email(email, check_deliverability=False)
    except (EmailNotValidError, UnicodeError) as error:
        raise InvalidEmail(_advice(email)) from error


def _advice(email: str) -> str:
    return next((advice for pattern, advice in _MISTAKES if pattern.search(email)), _EXAMPLE)

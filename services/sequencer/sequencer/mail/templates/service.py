"""What templates are told about a record. A value that is missing is left out, so that a template
that needs it stops instead of writing nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sequencer.replica.schemas import Account, Contact, Opportunity

# ISO 4217 currencies whose minor unit is not a hundredth.
_WHOLE = frozenset({"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX"} | {
    "VND", "VUV", "XAF", "XOF", "XPF"})  # fmt: skip
_THOUSANDTHS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


@dataclass(frozen=True, slots=True)
class SenderIdentity:
    name: str
    email: str


def mail_variables(
    records: Mapping[str, Any],
    *,
    sender: SenderIdentity | None,
    workspace_name: str,
    unsubscribe_url: str,
) -> dict[str, Any]:
    """Those of every mail beside the `records` that it is about."""
    return {
        **records,
        "sender": _present(_of_sender(sender)) if sender else {},
        "workspace": _present({"name": workspace_name}),
        "unsubscribe_url": unsubscribe_url,
    }


def record_variables(
    *, contact: Contact | None, account: Account | None, opportunity: Opportunity
) -> dict[str, Any]:
    records = {
        "contact": _of_contact(contact) if contact else {},
        "account": _of_account(account) if account else {},
        "opportunity": _of_opportunity(opportunity),
    }
    return {root: _present(fields) for root, fields in records.items()}


def _of_contact(contact: Contact) -> dict[str, Any]:
    return {
        "name": contact.name,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "email": contact.email,
        "title": contact.title,
        "traits": _present(contact.traits),
    }


def _of_account(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "domain": account.domain,
        "country": account.country,
        "arr": money(account.arr, account.currency),
        "currency": account.currency,
        "traits": _present(account.traits),
    }


def _of_opportunity(opportunity: Opportunity) -> dict[str, Any]:
    expires = opportunity.contract_expiration
    return {
        "name": opportunity.name,
        "type": opportunity.type,
        "stage": opportunity.stage,
        "arr": money(opportunity.arr, opportunity.currency),
        "currency": opportunity.currency,
        "deal_room_url": web_url(opportunity.deal_room_url),
        "contract_expiration": expires.isoformat() if expires else None,
        "traits": _present(opportunity.traits),
    }


def _of_sender(sender: SenderIdentity) -> dict[str, Any]:
    return {
        "name": sender.name,
        "first_name": sender.name.partition(" ")[0],
        "email": sender.email,
    }


def money(minor: int | None, currency: str | None) -> str | None:
    """Minor units as people write them: `12,000.00`."""
    if minor is None:
        return None
    digits = 0 if currency in _WHOLE else 3 if currency in _THOUSANDTHS else 2
    return f"{minor / 10**digits:,.{digits}f}"


def web_url(value: str | None) -> str | None:
    """A link that may stand in a mail; a CRM field may hold anything, `javascript:` too."""
    try:
        parts = urlsplit((value or "").strip())
    except ValueError:
        return None
    return parts.geturl() if parts.scheme in {"http", "https"} and parts.netloc else None


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, "")}

"""What templates are told about a record. A value that is missing is left out, so that a template
that needs it stops instead of writing nothing.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sequencer.records.schemas import Account, Contact, Opportunity

# ISO 4217 currencies whose minor unit is not a hundredth.
_WHOLE = frozenset({"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX"} | {
    "VND", "VUV", "XAF", "XOF", "XPF"})  # fmt: skip
_THOUSANDTHS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


@dataclass(frozen=True, slots=True)
class Sender:
    name: str
    email: str


def variables_of(
    *,
    contact: Contact,
    account: Account,
    opportunity: Opportunity,
    sender: Sender,
    workspace_name: str,
    unsubscribe_url: str,
) -> dict[str, Any]:
    expires = opportunity.contract_expiration
    told: dict[str, dict[str, Any]] = {
        "contact": {
            "name": contact.name,
            "first_name": contact.first_name,
            "last_name": contact.last_name,
            "email": contact.email,
            "title": contact.title,
            "traits": _present(contact.traits),
        },
        "account": {
            "name": account.name,
            "domain": account.domain,
            "country": account.country,
            "arr": money(account.arr, account.currency),
            "currency": account.currency,
            "traits": _present(account.traits),
        },
        "opportunity": {
            "name": opportunity.name,
            "type": opportunity.type,
            "stage": opportunity.stage,
            "arr": money(opportunity.arr, opportunity.currency),
            "currency": opportunity.currency,
            "deal_room_url": web_url(opportunity.deal_room_url),
            "contract_expiration": expires.isoformat() if expires else None,
            "traits": _present(opportunity.traits),
        },
        "sender": {
            "name": sender.name,
            "first_name": sender.name.partition(" ")[0],
            "email": sender.email,
        },
        "workspace": {"name": workspace_name},
    }
    return {root: _present(fields) for root, fields in told.items()} | {
        "unsubscribe_url": unsubscribe_url
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

"""What a row of Salesforce means for our copy: pure decisions."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from shared.logging import get_logger
from sync_worker.connectors.salesforce.rules.mapping import (
    Content,
    LeftOut,
    ObjectMap,
    ObjectMapping,
    left_out_of,
    mapped,
    plan_roles,
)
from sync_worker.connectors.salesforce.rules.values import (
    Locale,
    Unmappable,
    ValueType,
    parsed_instant,
)

log = get_logger(__name__)

State = Literal["synced", "parked", "stale", "doomed", "deleted", "merged"]

RELATIONS: Final[Mapping[str, Sequence[str]]] = {
    "AccountContactRelation": (
        "Id", "SystemModstamp", "IsDeleted", "ContactId", "AccountId", "IsActive", "IsDirect",
        "Roles",
    ),
    "OpportunityContactRole": (
        "Id", "SystemModstamp", "IsDeleted", "ContactId", "Role", "Opportunity.AccountId",
    ),
}  # fmt: skip
"""Objects that say which contact belongs to which account, and as what. They become part of the
contact, so they are read before it.
"""

_ID = re.compile(r"[A-Za-z0-9]{15,18}")
_RETRY_PAUSES = (0, 60, 300, 1_800, 7_200, 21_600, 86_400)
DELETE_SHARE = 0.1
DELETE_COUNT = 500
DELETE_FLOOR = 5
"""Deletions of one object that need no approval however few records there are."""


@dataclass(frozen=True, slots=True)
class Item:
    """One row as it concerns us: a content, a reason why it cannot be one, or an end."""

    external_id: str
    modstamp: datetime
    content: Content = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    """Values that do not fit by themselves; others turn out not to when the row is written."""
    trouble: str | None = None
    gone: bool = False
    merged_into: str | None = None
    parent_id: str | None = None

    @property
    def hash(self) -> bytes:
        told = [vars(each) for each in self.left_out]
        whole = [self.content, told] if told else self.content
        canonical = json.dumps(whole, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).digest()


@dataclass(frozen=True, slots=True)
class Known:
    """What we kept of a record when we last saw it."""

    modstamp: datetime
    hash: bytes
    content: Content | None
    """None when the hash asked for is the one we have."""
    state: State
    attempts: int = 0
    left_out: tuple[LeftOut, ...] = ()


def readable(rows: Iterable[Any]) -> list[Mapping[str, Any]]:
    """Rows that say which record they are and when it changed. What does not cannot be kept."""
    return [row for row in rows if isinstance(row, dict) and _is_readable(row)]


def _is_readable(row: Mapping[str, Any]) -> bool:
    try:
        parsed_instant(str(row.get("SystemModstamp")))
    except Unmappable:
        return False
    return isinstance(row.get("Id"), str) and _ID.fullmatch(row["Id"]) is not None


def at_its_own_risk(fold: Callable[[Mapping[str, Any]], Item], row: Mapping[str, Any]) -> Item:
    """Whatever a row raises costs that row."""
    try:
        return fold(row)
    except Exception as error:
        modstamp = parsed_instant(str(row["SystemModstamp"]))
        log.warning("a row cannot be read", id=str(row["Id"]), exc_info=error)
        return Item(str(row["Id"]), modstamp, trouble="We cannot read it; the log says why.")


def folded(mapping: ObjectMap, row: Mapping[str, Any], locale: Locale) -> Item:
    external_id, modstamp = str(row["Id"]), parsed_instant(str(row["SystemModstamp"]))
    if row.get("IsDeleted"):
        master = row.get("MasterRecordId")
        return Item(external_id, modstamp, gone=True, merged_into=str(master) if master else None)
    try:
        made = mapped(mapping, row, locale)
    except Unmappable as error:
        return Item(external_id, modstamp, trouble=str(error))
    return Item(external_id, modstamp, made.content, made.left_out)


def folded_relation(mapping: ObjectMapping, sobject: str, row: Mapping[str, Any]) -> Item:
    """A relation that has ended says nothing more; a direct one is the contact's own account."""
    external_id, modstamp = str(row["Id"]), parsed_instant(str(row["SystemModstamp"]))
    contact = row.get("ContactId")
    if sobject == "AccountContactRelation":
        account = row.get("AccountId")
        names = str(row.get("Roles") or "").split(";")
        ended = row.get("IsActive") is False and not row.get("IsDirect")
    else:
        opportunity = row.get("Opportunity")
        account = opportunity.get("AccountId") if isinstance(opportunity, dict) else None
        names = [str(row.get("Role") or "")]
        ended = False
    gone = bool(row.get("IsDeleted")) or ended or not account or not contact
    parent_id = str(contact) if contact else None
    content = (
        {}
        if gone
        else {"contact": parent_id, "account": account, "roles": plan_roles(mapping, names)}
    )
    return Item(external_id, modstamp, content, gone=gone, parent_id=parent_id)


def with_accounts(item: Item, relations: Iterable[Content]) -> Item:
    """A contact with all its accounts: its own and those that relations name."""
    related = list(relations)
    if item.gone or item.trouble or ("account" not in item.content and not related):
        return item
    roles: dict[str, set[str]] = {}
    content = dict(item.content)
    own = content.pop("account", None)
    if own:
        roles[str(own)] = set()
    for each in related:
        roles.setdefault(str(each["account"]), set()).update(each["roles"])
    content["accounts"] = [
        {"account": account, "roles": sorted(names)} for account, names in sorted(roles.items())
    ]
    return replace(item, content=content)


@dataclass
class Plan:
    """What to do about some rows."""

    whole: list[Item] = field(default_factory=list)
    changed: list[Item] = field(default_factory=list)
    """Known before: only what differs is sent, so that what was edited here stays."""
    unchanged: list[Item] = field(default_factory=list)
    parked: list[Item] = field(default_factory=list)
    doomed: list[Item] = field(default_factory=list)


def planned(items: Sequence[Item], known: Mapping[str, Known], *, again: bool = False) -> Plan:
    """Sort rows by what they ask for. What was seen before and has not changed asks for nothing,
    so a picklist renamed over a whole table wakes nobody. `again` gives parked rows another try.
    """
    plan = Plan()
    for item in items:
        before = known.get(item.external_id)
        if before is not None and before.modstamp > item.modstamp:
            plan.unchanged.append(item)
        elif item.gone:
            ended = before is None or before.state in {"deleted", "merged"}
            (plan.unchanged if ended else plan.doomed).append(item)
        elif before is not None and before.state == "parked" and not again:
            waits = before.hash == item.hash
            (plan.unchanged if waits else _fresh(plan, item)).append(item)
        elif item.trouble is not None or before is None or before.state in _WITHOUT_US:
            _fresh(plan, item).append(item)
        else:
            (plan.changed if _differs(before, item) else plan.unchanged).append(item)
    return plan


def _differs(before: Known, item: Item) -> bool:
    if before.content is None:
        return False
    told_otherwise = bool(before.left_out or item.left_out)
    return told_otherwise or bool(difference(before.content, item.content))


def left_out_now(before: Known | None, item: Item, sent: Content) -> tuple[LeftOut, ...]:
    """What a row that is dealt with was left without before it was written, and what it stays
    without because it is not sent again.
    """
    stays = {
        each.target: each
        for each in (before.left_out if before else ())
        if each.target in item.content and each.target not in sent
    }
    return tuple({**stays, **{each.target: each for each in item.left_out}}.values())


def refused_values(
    mapping: ObjectMap, sent: Content, refused: Mapping[str, str]
) -> tuple[LeftOut, ...]:
    """What the accounts service did not take, by target, with the field that it came from."""
    sources = {each.target: each for each in reversed(mapping.fields)}
    return tuple(
        left_out_of(sources[target], sent.get(target), reason)
        for target, reason in refused.items()
        if target in sources
    )


_WITHOUT_US = {"parked", "deleted", "merged"}
"""States of which we do not know that the other side has anything: the whole row is sent."""


def _fresh(plan: Plan, item: Item) -> list[Item]:
    return plan.whole if item.trouble is None else plan.parked


def difference(before: Content, after: Content) -> Content:
    """What `after` says otherwise. Fields that only `before` has were not readable this time."""
    return {
        name: value
        for name, value in after.items()
        if name not in before or before[name] != value or type(before[name]) is not type(value)
    }


def users_in(content: Content) -> list[str]:
    """The users that a content names."""
    return [
        value["member"]
        for value in content.values()
        if isinstance(value, dict) and value.get("member") is not None
    ]


def body_of(
    external_id: str, content: Content, members: Mapping[str, UUID | None]
) -> tuple[dict[str, Any], list[str]]:
    """A row for the accounts service, and the users of theirs who are no members of ours (yet):
    fields that name them are left as they are.
    """
    row: dict[str, Any] = {"external_id": external_id, "source": "salesforce"}
    strangers: list[str] = []
    for target, given in content.items():
        value = given
        if isinstance(given, dict) and "member" in given:
            if given["member"] not in members:
                strangers.append(given["member"])
                continue
            member = members[given["member"]]
            value = None if member is None else str(member)
        group, dot, key = target.partition(".")
        if group == "key_roles" and dot:
            row.setdefault(group, {})[key] = [value] if value is not None else []
        elif dot:
            row.setdefault(group, {})[key] = value
        elif target == "account":
            row["account_external_id" if value else "account_id"] = value
        elif target == "accounts":
            row["accounts"] = [
                {"account_external_id": each["account"], "plan_roles": each["roles"]}
                for each in value
            ]
        else:
            row[target] = value
    return row, strangers


def retry_pause(attempts: int) -> int:
    """Seconds until a row that was refused `attempts` times is tried again, alone."""
    return _RETRY_PAUSES[min(max(attempts, 1), len(_RETRY_PAUSES)) - 1]


@dataclass(frozen=True, slots=True)
class Loss:
    """How many records of an object a run would delete, of how many it knows."""

    doomed: int
    known: int

    @property
    def is_unusual(self) -> bool:
        if self.doomed <= DELETE_FLOOR:
            return False
        return self.doomed > DELETE_COUNT or self.doomed > self.known * DELETE_SHARE


_TRAIT_TYPES: Final[Mapping[ValueType, str]] = {
    "number": "number",
    "money": "currency",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    "url": "url",
    "email": "email",
    "member": "member",
}
_LONGEST_STRING = 1_000


def traits_of(
    mapping: ObjectMap, lengths: Mapping[str, int | None], currency: str
) -> list[dict[str, Any]]:
    """Definitions of the traits that a mapping fills. `lengths` are those of their texts."""
    if mapping.record_type == "member":
        return []
    found = {}
    for each in mapping.fields:
        group, _, key = each.target.partition(".")
        if group != "traits":
            continue
        kind = _TRAIT_TYPES.get(each.type, "string")
        if kind == "string" and (lengths.get(each.source) or 0) > _LONGEST_STRING:
            kind = "text"
        found[key] = {
            "record_type": mapping.record_type,
            "key": key,
            "title": key.replace("_", " ").capitalize(),
            "type": kind,
            **({"currency": currency} if kind == "currency" else {}),
        }
    return list(found.values())

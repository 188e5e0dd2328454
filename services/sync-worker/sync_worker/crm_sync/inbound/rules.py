"""What a row of theirs means for our copy: pure decisions."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.logging import get_logger
from sync_worker.connectors.base import Row, StreamType
from sync_worker.crm_sync.source_records.rules import KnownRecord
from sync_worker.crm_sync.translation.document import ObjectMap, ObjectMapping, plan_roles
from sync_worker.crm_sync.translation.fold import Content, LeftOut, left_out_of, mapped
from sync_worker.crm_sync.translation.transforms import Locale, Unmappable

log = get_logger(__name__)


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


def folded_or_rejected(fold: Callable[[Row], Item], row: Row) -> Item:
    """Whatever a row raises costs that row."""
    try:
        return fold(row)
    except Exception as error:
        log.warning("a row cannot be read", id=row.id, exc_info=error)
        return Item(row.id, row.changed_at, trouble="We cannot read it; the log says why.")


def folded(mapping: ObjectMap, kind: StreamType, row: Row, locale: Locale) -> Item:
    if row.state != "live":
        return Item(row.id, row.changed_at, gone=True, merged_into=row.merged_into)
    try:
        made = mapped(mapping, kind, row, locale)
    except Unmappable as error:
        return Item(row.id, row.changed_at, trouble=str(error))
    return Item(row.id, row.changed_at, made.content, made.left_out)


def folded_association(mapping: ObjectMapping, row: Row) -> Item:
    """One that has ended says nothing more."""
    joined, parent = row.values.get("of"), row.values.get("to")
    roles = row.values.get("roles")
    joined_id = str(joined) if joined else None
    if row.state != "live":
        return Item(row.id, row.changed_at, gone=True, parent_id=joined_id)
    names = roles if isinstance(roles, tuple) else ()
    content = {"contact": joined_id, "account": parent, "roles": plan_roles(mapping, names)}
    return Item(row.id, row.changed_at, content, parent_id=joined_id)


def with_accounts(item: Item, associations: Iterable[Content]) -> Item:
    """A contact with all its accounts: its own and those that associations name."""
    related = list(associations)
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
    """KnownRecord before: only what differs is sent, so that what was edited here stays."""
    unchanged: list[Item] = field(default_factory=list)
    rejected: list[Item] = field(default_factory=list)
    pending_deletion: list[Item] = field(default_factory=list)


def planned(
    items: Sequence[Item], known: Mapping[str, KnownRecord], *, again: bool = False
) -> Plan:
    """Sort rows by what they ask for. What was seen before and has not changed asks for nothing,
    so a picklist renamed over a whole table wakes nobody. `again` gives rejected rows another try.
    """
    plan = Plan()
    for item in items:
        before = known.get(item.external_id)
        if before is not None and before.modstamp > item.modstamp:
            plan.unchanged.append(item)
        elif item.gone:
            ended = before is None or before.state in {"deleted", "merged"}
            (plan.unchanged if ended else plan.pending_deletion).append(item)
        elif before is not None and before.state == "rejected" and not again:
            waits = before.hash == item.hash
            (plan.unchanged if waits else _fresh(plan, item)).append(item)
        elif item.trouble is not None or before is None or before.state in _WITHOUT_US:
            _fresh(plan, item).append(item)
        else:
            (plan.changed if _differs(before, item) else plan.unchanged).append(item)
    return plan


def _differs(before: KnownRecord, item: Item) -> bool:
    if before.content is None:
        return False
    told_otherwise = bool(before.left_out or item.left_out)
    return told_otherwise or bool(difference(before.content, item.content))


def left_out_now(before: KnownRecord | None, item: Item, sent: Content) -> tuple[LeftOut, ...]:
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


_WITHOUT_US = {"rejected", "deleted", "merged"}
"""States of which we do not know that the other side has anything: the whole row is sent."""


def _fresh(plan: Plan, item: Item) -> list[Item]:
    return plan.whole if item.trouble is None else plan.rejected


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


def changed_at(item: Item, before: KnownRecord | None) -> datetime | None:
    """Since when a record is as it is there. None for one that has not changed there since it was
    last read: what is new of it comes from elsewhere, such as from the mapping.
    """
    known = before.modstamp if before is not None else None
    return item.modstamp if known is None or item.modstamp > known else None


def body_of(
    external_id: str,
    content: Content,
    members: Mapping[str, UUID | None],
    *,
    source: str,
    effective_at: datetime | None = None,
) -> tuple[dict[str, Any], list[str]]:
    """A row for the accounts service, and the users of theirs who are no members of ours (yet):
    fields that name them are left as they are.
    """
    row: dict[str, Any] = {"external_id": external_id, "source": source}
    if effective_at is not None:
        row["effective_at"] = effective_at.isoformat()
    unknown_users: list[str] = []
    for target, given in content.items():
        value = given
        if isinstance(given, dict) and "member" in given:
            if given["member"] not in members:
                unknown_users.append(given["member"])
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
    return row, unknown_users

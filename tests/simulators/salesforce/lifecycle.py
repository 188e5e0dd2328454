"""Changes that reach several records: side effects of a save, delete, undelete, merge."""

from collections.abc import Iterator

from tests.simulators.salesforce.errors import ApiError
from tests.simulators.salesforce.objects import BY_PREFIX, OBJECTS
from tests.simulators.salesforce.org import Org, Write
from tests.simulators.salesforce.values import Values

_CASCADES: dict[str, tuple[tuple[str, str], ...]] = {
    "Account": (
        ("Contact", "AccountId"), ("Opportunity", "AccountId"),
        ("AccountContactRelation", "AccountId"), ("Task", "WhatId"),
    ),
    "Contact": (("OpportunityContactRole", "ContactId"), ("AccountContactRelation", "ContactId")),
    "Opportunity": (("OpportunityContactRole", "OpportunityId"), ("Task", "WhatId")),
    "ContentNote": (("ContentDocumentLink", "ContentDocumentId"),),
}  # fmt: skip
MOST_LOSERS = 2


def create(org: Org, sobject: str, given: Values, write: Write) -> str:
    with org.transaction():
        record_id = org.create(sobject, given, write)
        if sobject == "Contact":
            if given.get("AccountId"):
                _relate(org, record_id, str(given["AccountId"]), write)
        elif sobject == "ContentNote":
            link: Values = {"ContentDocumentId": record_id, "LinkedEntityId": write.user_id}
            org.create("ContentDocumentLink", link | {"ShareType": "I"}, write)
        elif sobject == "Task":
            _note_activity(org, record_id, write)
        return record_id


def update(org: Org, record_id: str, given: Values, write: Write) -> None:
    with org.transaction():
        before = org.latest(record_id)
        org.update(record_id, given, write)
        sobject = BY_PREFIX[record_id[:3]].name
        if (
            sobject == "Contact"
            and given.get("AccountId", before["AccountId"]) != before["AccountId"]
        ):
            _relate_directly(org, record_id, given["AccountId"], write)
        elif sobject == "Task":
            _note_activity(org, record_id, write)


def _relate_directly(org: Org, contact_id: str, account_id: object, write: Write) -> None:
    """Keep the one direct relation of a contact to the account it names."""
    for relation in list(_children(org, "AccountContactRelation", "ContactId", contact_id)):
        if relation["AccountId"] == account_id:
            org.update(str(relation["Id"]), {"IsDirect": True}, write)
            account_id = None
        elif relation["IsDirect"]:
            _bury(org, relation, str(relation["Id"]), write)
    if account_id is not None:
        _relate(org, contact_id, str(account_id), write)


def _relate(org: Org, contact_id: str, account_id: str, write: Write) -> None:
    given: Values = {"ContactId": contact_id, "AccountId": account_id, "IsDirect": True}
    org.create("AccountContactRelation", given | {"IsActive": True}, write)


def _note_activity(org: Org, task_id: str, write: Write) -> None:
    """Give a task its account, and who it concerns its last activity: by stamp, not by edit."""
    task = org.latest(task_id)
    who, what = task.get("WhoId"), task.get("WhatId")
    account_id = what if what and str(what).startswith("001") else None
    for related in (what, who):
        if account_id is None and related:
            account_id = org.latest(str(related)).get("AccountId")
    if task.get("AccountId") != account_id:
        org.overwrite(task | {"AccountId": account_id}, write)
    if not task["IsClosed"] or not task.get("ActivityDate"):
        return
    for related in (account_id, who):
        if related and str(task["ActivityDate"]) > str(
            org.latest(str(related)).get("LastActivityDate") or ""
        ):
            org.stamp(str(related), write, {"LastActivityDate": task["ActivityDate"]})


def _children(org: Org, sobject: str, field: str, parent_id: str) -> Iterator[Values]:
    for values in org.newest(sobject):
        if values.get(field) == parent_id and not values.get("IsDeleted"):
            yield values


def _bury(org: Org, values: Values, root_id: str, write: Write, master: str | None = None) -> None:
    grave: Values = {
        "IsDeleted": True, "LastModifiedDate": write.at, "LastModifiedById": write.user_id,
        "SystemModstamp": write.at, "_DeletedAt": write.at, "_DeletedWith": root_id,
    }  # fmt: skip
    if master is not None:
        grave["MasterRecordId"] = master
    org.overwrite(values | grave, write)


def delete(org: Org, record_id: str, write: Write) -> None:
    """Move a record, and what hangs on it, to the recycle bin."""
    org.refuse_locked(record_id)
    with org.transaction():
        _delete(org, org.latest(record_id), record_id, write)


def _delete(org: Org, values: Values, root_id: str, write: Write) -> None:
    record_id = str(values["Id"])
    sobject = BY_PREFIX[record_id[:3]]
    if not sobject.deletable:
        message = f"You cannot delete the {sobject.name} record."
        raise ApiError(400, "CANNOT_DELETE_ENTITY", message, [])
    _bury(org, values, root_id, write)
    for child, field in _CASCADES.get(sobject.name, ()):
        for each in list(_children(org, child, field, record_id)):
            _delete(org, each, root_id, write)


def undelete(org: Org, record_id: str, write: Write) -> None:
    """Bring back a record and what went with it; what a merge moved away stays moved."""
    found = org.peek(record_id)
    if found is None or not found["IsDeleted"]:
        raise ApiError(400, "UNDELETE_FAILED", "Entity is not in the recycle bin", [])
    with org.transaction():
        for sobject in OBJECTS:
            for values in org.newest(sobject):
                if values.get("IsDeleted") and values["_DeletedWith"] == record_id:
                    risen = {k: v for k, v in values.items() if not k.startswith("_")}
                    risen |= {
                        "IsDeleted": False, "SystemModstamp": write.at,
                        "LastModifiedDate": write.at, "LastModifiedById": write.user_id,
                    }  # fmt: skip
                    if "MasterRecordId" in risen:
                        risen["MasterRecordId"] = None
                    org.overwrite(risen, write)


def merge(org: Org, master_id: str, loser_ids: list[str], write: Write) -> None:
    """Fold one or two records into another of the same object and give it their children."""
    sobject = BY_PREFIX[master_id[:3]]
    if (
        not sobject.mergeable
        or not 1 <= len(loser_ids) <= MOST_LOSERS
        or master_id in loser_ids
        or any(loser[:3] != master_id[:3] for loser in loser_ids)
    ):
        message = "Only one or two other records of a mergeable object can be merged into one."
        raise ApiError(400, "INVALID_OPERATION", message)
    with org.transaction():
        for loser_id in loser_ids:
            loser = org.latest(loser_id)
            _reparent(org, sobject.name, loser_id, master_id, write)
            _bury(org, loser, loser_id, write, master_id)
        org.update(master_id, {}, write)
        _drop_double_relations(org, sobject.name, master_id, write)


def _reparent(org: Org, sobject: str, loser_id: str, master_id: str, write: Write) -> None:
    for child in OBJECTS.values():
        links = [
            field.name
            for field in child.fields
            if sobject in field.refers_to and field.name != "MasterRecordId"
        ]
        for values in org.newest(child.name) if links else ():
            moved: Values = {link: master_id for link in links if values.get(link) == loser_id}
            if not moved or values["Id"] == loser_id or values.get("IsDeleted"):
                continue
            if not org.settings.silent_reparenting:
                moved["SystemModstamp"] = write.at
            org.overwrite(values | moved, write)


def _drop_double_relations(org: Org, sobject: str, master_id: str, write: Write) -> None:
    field, other = ("AccountId", "ContactId")
    if sobject == "Contact":
        field, other = other, field
    seen: set[object] = set()
    relations = _children(org, "AccountContactRelation", field, master_id)
    for relation in sorted(relations, key=lambda each: not each["IsDirect"]):
        if relation[other] in seen:
            _bury(org, relation, str(relation["Id"]), write)
        elif sobject == "Contact" and relation["AccountId"] != org.latest(master_id)["AccountId"]:
            # The loser's own account stays related, but a contact has one direct account only.
            org.overwrite(relation | {"IsDirect": False}, write)
        seen.add(relation[other])

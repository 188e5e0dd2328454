"""What the fields of one edit make of a record, every fault of it found in one pass."""

from collections.abc import Iterable
from typing import Any

from accounts_api.records.editing.edits import SEE_ERRORS, Edit, Writer, escaped
from accounts_api.records.editing.lookups import Lookups
from accounts_api.records.editing.plausible import implausible
from accounts_api.records.editing.record_formulas import compute
from accounts_api.records.schema.errors import TAKEN, ExternalIdTaken, OwnedElsewhere
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.schema.rules import RecordState, differences, merged, search_text
from shared.errors import Fault, Invalid
from shared.spelling import suggestion
from shared.traits.patches import TraitWrite

Differences = dict[str, tuple[Any, Any]]


class Filling:
    def __init__(self, schema: RecordSchema, writer: Writer, known: Lookups) -> None:
        self.schema = schema
        self.writer = writer
        self.lookups = known
        self.by_external_id: dict[str, str] = {}
        self.computed: set[str] = set()
        """Keys of formula traits whose values were worked out before, by who looks at others."""

    def changes(self, before: RecordState | None, after: RecordState) -> Differences:
        names = ("external_id", "source", "deleted", *self.schema.visible)
        return differences(before or {}, after, names)

    def owned(self, edit: Edit, before: RecordState, changed: Iterable[str]) -> list[Fault]:
        """A value of a field that a connection writes would be gone with its next change there: a
        fault for each, by name.
        """
        return [
            Fault(
                f"{edit.pointer}/{name.replace('.', '/')}",
                OwnedElsewhere.code,
                f"The connection {owner.title!r} writes it. Change it there, or let its mapping"
                " allow local edits of the field.",
                {"connection_id": str(owner.connection_id)},
            )
            for name in sorted(changed)
            if (owner := self.lookups.owners.get((before["source"], name))) is not None
        ]

    def fill(self, edit: Edit, before: RecordState | None, after: RecordState) -> None:
        """Set what the edit says. Raises `Invalid` with every fault of the row at once."""
        faults = [
            *self._values(edit, after),
            *self._traits(edit, before, after),
            *self._parents(edit, before, after),
            *self._links(edit, after),
            *self._key_roles(edit, after),
        ]
        if after.get("arr") is not None and after["currency"] is None:
            after["currency"] = self.lookups.currency
        self.schema.derive(before, after)
        after["search_text"] = search_text(after)
        after["traits"] = merged(after["traits"], edit.computed)
        self.computed |= edit.computed.keys()
        compute(self.schema, self.lookups.formulas, after, self.lookups.context)
        faults += [
            Fault(f"{edit.pointer}/{column.name}", "required", "Every record needs this.")
            for column in self.schema.columns
            if column.required and after[column.name] is None
        ]
        if not (self.writer.is_source or edit.allows_implausible or faults):
            faults += implausible(self.schema.record_type, before, after, edit.pointer)
        if edit.faults:
            faults = [*edit.faults, *_further(edit, faults)]
        if faults and before is not None and self.lookups.owners:
            told = {fault.pointer for fault in faults}
            owned = self.owned(edit, before, self.changes(before, after))
            faults += [fault for fault in owned if fault.pointer not in told]
        if faults and all(fault.code == TAKEN for fault in faults):
            raise ExternalIdTaken(edit.not_stored, faults=faults)
        if faults:
            raise Invalid(f"{edit.not_stored} {SEE_ERRORS}", faults=faults)

    def _values(self, edit: Edit, after: RecordState) -> list[Fault]:
        after.update(edit.values)
        if foreign := edit.values.keys() - self.schema.writable:
            message = f"{self.schema.plural} have no such field."
            return [
                Fault(f"{edit.pointer}/{name}", "unknown_field", message)
                for name in sorted(foreign)
            ]
        taken = self.by_external_id.get(after["external_id"] or "")
        if "external_id" in edit.values and taken not in {None, after["id"]}:
            return [Fault(f"{edit.pointer}/external_id", TAKEN, f"It belongs to {taken}.")]
        return []

    def _traits(self, edit: Edit, before: RecordState | None, after: RecordState) -> list[Fault]:
        write = TraitWrite(
            self.lookups.definitions,
            self.schema.plural,
            self.writer.may_edit,
            is_source=self.writer.is_source,
            members=self.lookups.members,
            contacts=self.lookups.contacts,
        )
        stood = None if before is None else after["traits"]
        after["traits"], faults = write.patched(
            stood, edit.traits, edit.pointer, edit.forced_traits
        )
        return faults

    def _parents(self, edit: Edit, before: RecordState | None, after: RecordState) -> list[Fault]:
        faults = []
        for parent in self.schema.parents:
            by_id, by_external_id = self.lookups.parents.get(parent.column, ({}, {}))
            if parent.column in edit.parent_external_ids:
                found = by_external_id.get(edit.parent_external_ids[parent.column])
                name = parent.by_external_id
                other = edit.values.get(parent.column)
                if found and other and by_id.get(other) != found:
                    message = f"It names another {parent.record_type} than {parent.column}."
                    faults.append(Fault(f"{edit.pointer}/{name}", "contradiction", message))
            elif edit.values.get(parent.column) is not None:
                named = edit.values[parent.column]
                found = by_id.get(named)
                # What a record belongs to already it may keep, though that was deleted meanwhile.
                if found is None and before and before[parent.column] == named:
                    found = named
                name = parent.column
            else:
                continue
            after[parent.column] = found
            if found is None:
                code, message = (
                    f"unknown_{parent.record_type}",
                    f"There is no such {parent.record_type}.",
                )
                faults.append(Fault(f"{edit.pointer}/{name}", code, message))
        return faults

    def _links(self, edit: Edit, after: RecordState) -> list[Fault]:
        if edit.links is None or self.schema.related != "accounts":
            return []
        faults = []
        linked = {link["account_id"]: link for link in after["accounts"]}
        kept = dict(linked) if edit.adds_links else {}
        by_id, by_external_id = self.lookups.accounts
        by_id = {**dict(zip(linked, linked, strict=True)), **by_id}
        for place, link in enumerate(edit.links):
            if link.get("account_id") is not None:
                name, found = "account_id", by_id.get(link["account_id"])
            else:
                name = "account_external_id"
                found = by_external_id.get(link["account_external_id"])
            if found is None:
                pointer = f"{edit.pointer}/accounts/{place}/{name}"
                faults.append(Fault(pointer, "unknown_account", "There is no such account."))
            else:
                roles = link["plan_roles"]
                if roles is None:
                    roles = linked[found]["plan_roles"] if found in linked else ()
                kept[found] = {"account_id": found, "plan_roles": list(dict.fromkeys(roles))}
        after["accounts"] = [kept[account_id] for account_id in sorted(kept)]
        return faults

    def _key_roles(self, edit: Edit, after: RecordState) -> list[Fault]:
        if not edit.key_roles or self.schema.related != "key_roles":
            return []
        faults: list[Fault] = []
        roles = dict(after.get("key_roles") or {})
        for key, holders in edit.key_roles.items():
            pointer = f"{edit.pointer}/key_roles/{escaped(key)}"
            if key not in self.lookups.key_roles:
                message, near = f"There is no key role {key!r}.", self.lookups.key_roles
                faults.append(Fault(pointer, "unknown_key_role", message, suggestion(key, near)))
                continue
            if len(holders) > 1 and not self.lookups.key_roles[key]:
                faults.append(Fault(pointer, "single_holder", "One member at a time holds it."))
            former = self.lookups.former_members if edit.names_former else frozenset()
            faults += [
                Fault(f"{pointer}/{place}", "unknown_member", "There is no such active member.")
                for place, holder in enumerate(holders)
                if holder not in self.lookups.members | former
            ]
            if holders:
                roles[key] = sorted(set(holders))
            else:
                roles.pop(key, None)
        after["key_roles"] = roles
        return faults


def _further(edit: Edit, found: Iterable[Fault]) -> list[Fault]:
    """Of faults that were found in what is left of an edit, those that the rest would have, too."""
    known = {fault.pointer for fault in edit.faults}
    return [
        fault
        for fault in found
        # What seems to be missing may have been left out, or be made of what was.
        if fault.pointer not in known and (fault.code != "required" or "/traits/" in fault.pointer)
    ]

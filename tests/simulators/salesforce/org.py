"""The simulated org's records: versions, visibility, transactions and single-record changes."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.simulators.control import SimulatedClock
from tests.simulators.salesforce import derived, ids
from tests.simulators.salesforce.errors import ApiError, entity_is_deleted, not_found
from tests.simulators.salesforce.objects import BY_PREFIX, OBJECTS
from tests.simulators.salesforce.schema import Field, SObject
from tests.simulators.salesforce.settings import Settings
from tests.simulators.salesforce.storage import Storage
from tests.simulators.salesforce.values import Value, Values, instant

RECYCLE_BIN = timedelta(days=15)


@dataclass
class Version:
    values: Values
    visible_at: str | None = None
    """None: at once. Else the writer's transaction commits only then, after it stamped the row."""


@dataclass
class Row:
    sobject: str
    versions: list[Version]

    @property
    def newest(self) -> Values:
        return self.versions[-1].values


@dataclass(frozen=True)
class Write:
    """Who changes something, with which stamp, and from when others see it."""

    user_id: str
    at: str
    visible_at: str | None = None


class Org:
    def __init__(self, clock: SimulatedClock, storage: Storage | None = None) -> None:
        self.clock = clock
        self.settings = Settings()
        self._storage = storage
        self._journal: list[tuple[str, Row | None]] | None = None
        self._empty()

    def _empty(self) -> None:
        self._rows: dict[str, Row] = {}
        self._tables: dict[str, dict[str, Row]] = {name: {} for name in OBJECTS}
        self._counts: dict[str, int] = dict.fromkeys(ids.PREFIXES, 0)
        self._keys: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        self.described_at = self.now()
        self.admin_id = ""

    # Keeping

    def load(self) -> bool:
        """Take up a kept org; False if there is none."""
        if self._storage is None or (kept := self._storage.meta("org")) is None:
            return False
        self._empty()
        self._counts |= kept["counts"]
        self.admin_id, self.described_at = kept["admin_id"], kept["described_at"]
        self.settings = Settings(**kept["settings"])
        for record_id, sobject, versions in self._storage.records():
            self._replace(record_id, Row(sobject, [Version(*version) for version in versions]))
        return True

    def reset(self) -> None:
        self._empty()
        self.settings = Settings()
        if self._storage is not None:
            self._storage.clear()

    def keep(self, changed: set[str] | None = None) -> None:
        """Write changed records, by default none, and all that is not a record."""
        if self._storage is None:
            return
        rows = (
            (key, self._rows[key].sobject, [[v.values, v.visible_at] for v in row.versions])
            for key in changed or ()
            if (row := self._rows.get(key))
        )
        org = {
            "counts": self._counts,
            "admin_id": self.admin_id,
            "described_at": self.described_at,
            "settings": vars(self.settings),
        }
        self._storage.save(rows, {"org": org})

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, in memory and in the file; a transaction inside another joins it."""
        if self._journal is not None:
            yield
            return
        journal: list[tuple[str, Row | None]] = []
        self._journal = journal
        try:
            yield
        except BaseException:
            for record_id, row in reversed(journal):
                self._replace(record_id, row)
            raise
        else:
            self.keep({record_id for record_id, _ in journal})
        finally:
            self._journal = None

    def _replace(self, record_id: str, row: Row | None) -> None:
        before = self._rows.get(record_id)
        if before is not None:
            self._index(record_id, before, present=False)
        if row is None:
            del self._tables[self._rows.pop(record_id).sobject][record_id]
            return
        self._rows[record_id] = self._tables[row.sobject][record_id] = row
        self._index(record_id, row, present=True)

    def _index(self, record_id: str, row: Row, *, present: bool) -> None:
        for field in OBJECTS[row.sobject].fields:
            if field.external_id and (value := row.newest.get(field.name)) is not None:
                holders = self._keys[row.sobject, field.name, str(value).casefold()]
                (holders.add if present else holders.discard)(record_id)

    def _put(self, sobject: str, values: Values, visible_at: str | None) -> None:
        record_id = str(values["Id"])
        before = self._rows.get(record_id)
        if self._journal is None:
            raise RuntimeError("A record was changed outside a transaction.")
        self._journal.append((record_id, before))
        past = before.versions if before and visible_at else []
        self._replace(record_id, Row(sobject, [*past, Version(values, visible_at)]))

    # Reading

    def now(self) -> str:
        return instant(self.clock.now())

    def fields(self, sobject: SObject) -> dict[str, Field]:
        """Fields by lower-case name, without those that field-level security hides."""
        hidden = {name.lower() for name in self.settings.hidden_fields.get(sobject.name, ())}
        if not hidden:
            return sobject.by_name
        return {name: field for name, field in sobject.by_name.items() if name not in hidden}

    def scan(self, sobject: str, *, everything: bool = False) -> Iterator[Values]:
        """Visible records; `everything` adds the recycle bin and archived activities."""
        now = self.now()
        for row in self._tables[sobject].values():
            values = self._visible(row, now)
            if values is None:
                continue
            if everything or not (
                values.get("IsDeleted") or (sobject == "Task" and derived.is_archived(values, now))
            ):
                yield values

    def peek(self, record_id: str) -> Values | None:
        """The record as others see it, deleted or not; None if nobody can see it."""
        row = self._rows.get(record_id)
        return None if row is None else self._visible(row, self.now())

    def _visible(self, row: Row, now: str) -> Values | None:
        versions = row.versions
        while len(versions) > 1 and (versions[1].visible_at or now) <= now:
            versions.pop(0)
        if (versions[0].visible_at or now) > now:
            return None
        values = versions[0].values
        if values.get("IsDeleted") and self._purged(values, now):
            return None
        return None if values["Id"] in self.settings.hidden_records else values

    def _purged(self, values: Values, now: str) -> bool:
        deleted_at = str(values["_DeletedAt"])
        return deleted_at <= now and deleted_at < instant(self.clock.now() - RECYCLE_BIN)

    def holders(self, sobject: str, field: str, key: str) -> list[str]:
        """Ids of live records whose external id is `key`, case-blind."""
        found = self._keys.get((sobject, field, key.casefold()), set())
        return sorted(each for each in found if not self._rows[each].newest.get("IsDeleted"))

    def in_flight(self, sobject: str) -> str | None:
        """The earliest stamp that is given but not yet visible."""
        now = self.now()
        stamps = [
            str(version.values["SystemModstamp"])
            for row in self._tables[sobject].values()
            for version in row.versions
            if version.visible_at and version.visible_at > now
        ]
        return min(stamps, default=None)

    def value(self, sobject: SObject, values: Values, field: Field) -> Value:
        if field.formula:
            relation, name = field.formula.split(".")
            parent = self.peek(str(values.get(sobject.by_relation[relation.lower()].name)))
            return None if parent is None else parent.get(name)
        if field.name == "IsArchived":
            return derived.is_archived(values, self.now())
        return values.get(field.name)

    # Changing one record

    def latest(self, record_id: str) -> Values:
        """The record as its next writer finds it; deleted and unknown ones are refused."""
        row = self._rows.get(record_id)
        if row is None or record_id in self.settings.hidden_records:
            raise not_found()
        if row.newest.get("IsDeleted"):
            raise not_found() if self._purged(row.newest, self.now()) else entity_is_deleted()
        return row.newest

    def newest(self, sobject: str) -> list[Values]:
        """All records of an object as their next writers find them, deleted ones among them."""
        return [row.newest for row in self._tables[sobject].values()]

    def write_as(self, user_id: str) -> Write:
        return Write(user_id, self.now())

    def create(self, sobject: str, given: Values, write: Write) -> str:
        self._counts[sobject] += 1
        record_id = ids.mint(sobject, self._counts[sobject])
        fields = OBJECTS[sobject].fields
        values: Values = {
            field.name: False
            if field.type == "boolean" and field.default is None
            else field.default
            for field in fields
            if not field.formula
        }
        values |= {"OwnerId": write.user_id} if "ownerid" in OBJECTS[sobject].by_name else {}
        values |= given
        values |= {
            "Id": record_id, "IsDeleted": False, "CreatedDate": write.at,
            "CreatedById": write.user_id, "LastModifiedDate": write.at,
            "LastModifiedById": write.user_id, "SystemModstamp": write.at,
        }  # fmt: skip
        derived.fill(sobject, values, set(given))
        self._refuse_duplicates(sobject, values)
        self._put(sobject, values, write.visible_at)
        return record_id

    def update(self, record_id: str, given: Values, write: Write) -> None:
        before = self.latest(record_id)
        self.refuse_locked(record_id)
        sobject = BY_PREFIX[record_id[:3]].name
        values = before | given
        values |= {
            "LastModifiedDate": write.at, "LastModifiedById": write.user_id,
            "SystemModstamp": write.at,
        }  # fmt: skip
        derived.fill(sobject, values, set(given))
        self._refuse_duplicates(sobject, values)
        self._put(sobject, values, write.visible_at)

    def overwrite(self, values: Values, write: Write) -> None:
        """Keep a record exactly as given: how the system, not a user, changes one."""
        self._put(BY_PREFIX[str(values["Id"])[:3]].name, values, write.visible_at)

    def stamp(self, record_id: str, write: Write, changes: Values | None = None) -> None:
        """Move SystemModstamp alone, as a picklist rename or an activity's date does."""
        values = self.latest(record_id) | (changes or {}) | {"SystemModstamp": write.at}
        self.overwrite(values, write)

    def _refuse_duplicates(self, sobject: str, values: Values) -> None:
        for field in OBJECTS[sobject].fields:
            key = values.get(field.name)
            if not field.unique or key is None:
                continue
            others = [i for i in self.holders(sobject, field.name, str(key)) if i != values["Id"]]
            if others:
                message = (
                    f"duplicate value found: {field.name} duplicates value on record "
                    f"with id: {others[0]}"
                )
                raise ApiError(400, "DUPLICATE_VALUE", message, [])

    def refuse_locked(self, record_id: str) -> None:
        """Refuse a row whose last change is not committed, and those that a test wants refused."""
        if record_id in self.settings.row_errors:
            code, message = self.settings.row_errors[record_id]
            raise ApiError(400, code, message, [])
        row = self._rows.get(record_id)
        last = row.versions[-1].visible_at if row else None
        if last and last > self.now():
            message = f"unable to obtain exclusive access to this record or 1 records: {record_id}"
            raise ApiError(400, "UNABLE_TO_LOCK_ROW", message, [])

    def configure(self, given: dict[str, Any]) -> None:
        """Change settings; hiding or showing a field is a change of schema."""
        before, self.settings = self.settings, self.settings.changed(given)
        if before.hidden_fields != self.settings.hidden_fields:
            self.described_at = self.now()
        self.keep()

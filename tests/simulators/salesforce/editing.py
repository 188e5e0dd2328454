"""Edits as people make them in Salesforce's own screens, for tests and the control routes."""

from datetime import timedelta
from typing import Any

from tests.simulators.control import BadControl
from tests.simulators.salesforce import ids, lifecycle, soql
from tests.simulators.salesforce.objects import BY_LOWER_NAME, BY_PREFIX
from tests.simulators.salesforce.org import Write
from tests.simulators.salesforce.selection import Selection
from tests.simulators.salesforce.validation import accepted
from tests.simulators.salesforce.values import Values, instant
from tests.simulators.salesforce.world import World

Given = dict[str, Any]


class People:
    """Edits as a person in Salesforce makes them. Their commits may take a while (see settings)."""

    def __init__(self, world: World) -> None:
        self._world, self._org = world, world.org

    def _write(self, user_id: str | None, delay: float | None) -> Write:
        seconds = self._org.settings.commit_delay_seconds if delay is None else delay
        now = self._org.clock.now()
        visible_at = instant(now + timedelta(seconds=seconds)) if seconds else None
        return Write(user_id or self._org.admin_id, instant(now), visible_at)

    def create(
        self, sobject: str, values: Given, *, user_id: str | None = None, delay: float | None = None
    ) -> str:
        kind = BY_LOWER_NAME.get(sobject.lower())
        if kind is None:
            raise BadControl(f"There is no object {sobject}.")
        kept = accepted(self._org, kind, values, creating=True)
        return lifecycle.create(self._org, kind.name, kept, self._write(user_id, delay))

    def update(
        self, record_id: str, values: Given, *, user_id: str | None = None,
        delay: float | None = None,
    ) -> None:  # fmt: skip
        self.update_all([record_id], values, user_id=user_id, delay=delay)

    def update_all(
        self, record_ids: list[str], values: Given, *, user_id: str | None = None,
        delay: float | None = None,
    ) -> None:  # fmt: skip
        """Change many rows in one transaction: they all get one SystemModstamp."""
        write = self._write(user_id, delay)
        with self._org.transaction():
            for each in record_ids:
                record_id = ids.normalised(each)
                kept = accepted(self._org, BY_PREFIX[record_id[:3]], values, creating=False)
                lifecycle.update(self._org, record_id, kept, write)

    def touch(self, record_ids: list[str]) -> None:
        """Move SystemModstamp of many rows and nothing else, as a picklist rename does."""
        write = self._write(None, 0)
        with self._org.transaction():
            for each in record_ids:
                self._org.stamp(ids.normalised(each), write)

    def delete(self, record_id: str) -> None:
        lifecycle.delete(self._org, ids.normalised(record_id), self._write(None, 0))

    def undelete(self, record_id: str) -> None:
        lifecycle.undelete(self._org, ids.normalised(record_id), self._write(None, 0))

    def merge(self, master_id: str, loser_ids: list[str]) -> None:
        losers = [ids.normalised(each) for each in loser_ids]
        lifecycle.merge(self._org, ids.normalised(master_id), losers, self._write(None, 0))

    def select(self, text: str) -> list[str]:
        """Ids of the rows of a query, hidden ones left out as everywhere."""
        return Selection(self._org, soql.parse(text), everything=False).ids()

    def read(self, record_id: str) -> Values:
        found = self._org.peek(ids.normalised(record_id))
        if found is None:
            raise BadControl(f"There is no record {record_id}.")
        return found

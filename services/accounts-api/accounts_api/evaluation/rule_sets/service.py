"""What lifecycle rules, deactivation rules and assignment rules have in common.

The rules of a set decide together about a record: of those that match, the first decides. So a set
is one evaluated rule for the engine. A feature says what its rules are about, and what follows from
a verdict.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic
from uuid import UUID

from pydantic_core import to_json

from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.rule_kinds.evaluators import Evaluate, Evaluator, Outputs
from accounts_api.evaluation.rule_sets import rule_input
from accounts_api.evaluation.rule_sets.rules import (
    Evaluated,
    Explained,
    R,
    Usable,
    date_field,
    earliest,
    rule_of,
)
from accounts_api.evaluation.rule_sets.segment_keys import keys_of
from accounts_api.evaluation.rule_sets.snapshots import record_seen_by
from accounts_api.evaluation.rule_sets.store import RuleSet
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.records.schema import record_catalog
from shared.db import refuse
from shared.errors import Conflict, Fault, Invalid, NotFound, check_version
from shared.keys import Keys, KeyTaken
from shared.lists import filters, moment
from shared.rules.interpreter.depends import Dependency, dependencies
from shared.rules.interpreter.explain import explain
from shared.rules.syntax.faults import RuleFaulty
from shared.rules.syntax.json_codec import write_json
from shared.rules.syntax.nodes import AnyOf
from shared.rules.syntax.stored import shown_rule
from shared.rules.types.catalog import Catalog
from shared.rules.types.type_check import check
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork
from shared.usages import Usage

STAMPS = ("version", "created_at", "updated_at")


@dataclass(frozen=True)
class RuleFeature(Generic[R]):
    """Stores the rules of a feature, registers them with the engine and explains them.

    `scope` holds the columns that name one of several sets, such as the key role of assignment
    rules.
    """

    kind: str
    """Of the evaluated rule."""
    subject: str
    """What a rule is in the audit log and as a usage."""
    record_type: str
    store: RuleSet[R]
    written: tuple[str, ...]
    """Columns that people write, the key first."""
    keys: Keys
    not_found: NotFound
    title_taken: type[Conflict]
    title_constraint: str
    decides: frozenset[str] = frozenset()
    """Fields of the record that the rules write: one that reads them would never settle."""
    reads_own_result: str = ""
    """What a rule that does is told."""
    date_columns: tuple[str, ...] = ()
    """Columns that name a date of the record."""
    depends_on: frozenset[Dependency] = frozenset()
    """Beside what the rules themselves depend on."""
    read: Callable[[Catalog, str, str], Rule] = rule_of
    rank: Callable[[R], Any] | None = None
    """Sorts the rules, those that decide first in front; without it they stand as stored."""
    id_in: Callable[[UUID, Mapping[str, UUID]], UUID] = lambda workspace_id, _: workspace_id
    """The evaluated rule of a workspace and scope."""
    scope_of: Callable[[UUID], Mapping[str, UUID]] = lambda _: {}
    """The scope of an evaluated rule."""
    keep_version: "Callable[[UnitOfWork, R, bool], Awaitable[None]] | None" = None
    """Keeps what a rule is from now on, and whether it is deleted, for who asks what it was."""

    def evaluator(self, evaluate: Evaluate, outputs: Outputs) -> Evaluator:
        return Evaluator(evaluate, self.usages, self.quarantine, outputs)

    # Stored rules

    async def all(self, uow: UnitOfWork, **scope: UUID) -> list[R]:
        """In the order in which they decide."""
        rules = await self.store.all(uow, **scope)
        return sorted(rules, key=self.rank) if self.rank else rules

    async def get(self, uow: UnitOfWork, rule_id: UUID, *, lock: bool = False, **scope: UUID) -> R:
        stored = await self.store.get(uow, lock=lock, id=rule_id, **scope)
        if stored is None:
            raise self.not_found
        return stored

    async def add(self, uow: UnitOfWork, values: Mapping[str, Any], **scope: UUID) -> R:
        key = await self.keys.key_for(uow, values["key"], values["title"])
        async with self._unique(key, values["title"]):
            stored = await self.store.add(uow, {**values, "key": key, **scope})
        await self._keep(uow, stored)
        await self.register(uow, **scope)
        after = self.values(stored)
        await audit_log.record(uow, f"{self.subject}.created", self.subject, stored.id, after=after)
        return stored

    async def change(
        self, uow: UnitOfWork, before: R, values: Mapping[str, Any], **scope: UUID
    ) -> R:
        """Records follow in batches, as the worker evaluates each again."""
        was, becomes = audit_log.difference(self.values(before), dict(values))
        if not becomes:
            return before
        async with self._unique(before.key, values.get("title", before.title)):
            stored = await self.store.change(uow, before.id, becomes)
        await self._keep(uow, stored)
        if self.must_register(becomes):
            await self.register(uow, **scope)
        await audit_log.record(
            uow, f"{self.subject}.updated", self.subject, before.id, before=was, after=becomes
        )
        return stored

    async def rename(self, uow: UnitOfWork, rule_id: UUID, key: str, **scope: UUID) -> R:
        """The key before leads to it for ninety days more."""
        before = await self.get(uow, rule_id, lock=True, **scope)
        if key == before.key:
            return before
        await self.keys.rename(uow, rule_id, before.key, key)
        async with self._unique(key, before.title):
            stored = await self.store.change(uow, rule_id, {"key": key, "faults": before.faults})
        was, becomes = {"key": before.key}, {"key": key}
        await audit_log.record(
            uow, f"{self.subject}.renamed", self.subject, rule_id, before=was, after=becomes
        )
        return stored

    async def delete(
        self, uow: UnitOfWork, rule_id: UUID, version: int | None, **scope: UUID
    ) -> None:
        """Records that it decided about are what the other rules make of them."""
        stored = await self.get(uow, rule_id, lock=True, **scope)
        check_version(version, stored.version)
        await self.store.remove(uow, id=rule_id, **scope)
        await self._keep(uow, stored, deleted=True)
        await self.register(uow, **scope)
        before = self.values(stored)
        await audit_log.record(uow, f"{self.subject}.deleted", self.subject, rule_id, before=before)

    async def _keep(self, uow: UnitOfWork, stored: R, *, deleted: bool = False) -> None:
        if self.keep_version is not None:
            await self.keep_version(uow, stored, deleted)

    def values(self, stored: R) -> dict[str, Any]:
        return {name: getattr(stored, name) for name in self.written}

    async def shown(self, uow: UnitOfWork, stored: R) -> dict[str, Any]:
        return (await self.all_shown(uow, [stored]))[0]

    async def all_shown(self, uow: UnitOfWork, rules: Sequence[R]) -> list[dict[str, Any]]:
        keys = await keys_of(uow, [stored.rule for stored in rules])
        return [
            {
                **self.values(stored),
                "id": stored.id,
                **shown_rule(stored.rule, stored.faults, keys),
                **_stamps(stored),
            }
            for stored in rules
        ]

    @asynccontextmanager
    async def _unique(self, key: str, title: str) -> AsyncIterator[None]:
        key_constraint = f"uq_{self.keys.table}_workspace_id_key"
        async with (
            refuse(key_constraint, KeyTaken(f"{key!r} is taken.")),
            refuse(self.title_constraint, self.title_taken(f"{title!r} is taken.")),
        ):
            yield

    # What people write

    async def create_from(self, uow: UnitOfWork, values: Mapping[str, Any]) -> R:
        return await self.add(uow, await self.checked(uow, values))

    async def update_from(
        self, uow: UnitOfWork, rule_id: UUID, changes: Mapping[str, Any], version: int | None
    ) -> R:
        before = await self.get(uow, rule_id, lock=True)
        check_version(version, before.version)
        return await self.change(uow, before, await self.checked(uow, changes))

    async def checked(self, uow: UnitOfWork, values: Mapping[str, Any]) -> dict[str, Any]:
        """What is stored of `values`. Raises `Invalid` with every fault at once."""
        catalog = await rule_input.rule_catalog(uow)
        faults = [
            Fault(f"/{name}", "not_a_date", f"The {self.record_type} has no date {field[:100]!r}.")
            for name in self.date_columns
            if (field := values.get(name)) is not None
            and date_field(catalog, self.record_type, field) is None
        ]
        if "rule" in values:
            rule = rule_input.usable_beside(
                faults, lambda: self.rule_from(values["rule"], catalog, "/rule")
            )
            return {**values, "rule": write_json(rule.written)}
        if faults:
            raise Invalid(faults=faults)
        return dict(values)

    def rule_from(self, rule: dict[str, Any] | str, catalog: Catalog, pointer: str) -> Rule:
        """Raises `Invalid`, for a rule that reads what it decides, too."""
        checked = filters.usable(rule, catalog, self.record_type, pointer)
        decided = {(self.record_type, what) for what in self.decides}
        if any(
            (dependency.record_type, dependency.what) in decided
            for dependency in dependencies(checked)
        ):
            raise Invalid(faults=[Fault(pointer, "rule_cycle", self.reads_own_result)])
        return checked

    def never(self, catalog: Catalog) -> Rule:
        """A rule that matches no record: what a set without rules is."""
        return check(AnyOf(()), catalog, self.record_type)

    # What the engine is told

    def must_register(self, changes: Mapping[str, Any]) -> bool:
        return bool(changes)

    async def register(self, uow: UnitOfWork, **scope: UUID) -> None:
        """Have the engine evaluate the rules for every record, and again whenever what they depend
        on changes.
        """
        usable, _ = await self.usable(uow, **scope)
        dependencies = set(self.depends_on)
        for each in usable:
            dependencies |= each.dependencies
        rule_id = self.id_in(uow.workspace_id, scope)
        await engine.register(uow, rule_id, self.kind, self.record_type, dependencies)

    async def progress(self, uow: UnitOfWork, **scope: UUID) -> dict[str, Any] | None:
        rule_id = self.id_in(uow.workspace_id, scope)
        backfill = (await engine.backfills_of(uow, [rule_id])).get(rule_id)
        return None if backfill is None else backfill.as_json()

    async def usable(
        self, uow: UnitOfWork, **scope: UUID
    ) -> tuple[list[Usable[R]], list[tuple[R, list[dict[str, Any]]]]]:
        """The rules in the order in which they decide, and those that cannot be used any more, each
        with its faults.
        """
        catalog = await record_catalog.rule_catalog(uow)
        usable: list[Usable[R]] = []
        faulty = []
        for stored in await self.all(uow, **scope):
            try:
                rule = self.read(catalog, self.record_type, to_json(stored.rule).decode())
            except RuleFaulty as error:
                faulty.append((stored, error.as_errors()))
                continue
            dates = tuple(
                date_field(catalog, self.record_type, getattr(stored, name))
                for name in self.date_columns
            )
            usable.append(Usable(stored, rule, dates))
        return usable, faulty

    async def to_evaluate(self, uow: UnitOfWork, **scope: UUID) -> list[Usable[R]]:
        """The usable rules. Shows of each of the others why it cannot be used."""
        usable, faulty = await self.usable(uow, **scope)
        for stored, faults in [*faulty, *((each.stored, None) for each in usable)]:
            if stored.faults != faults:
                await self.store.set(uow, stored.id, {"faults": faults})
        return usable

    async def set_next_changes(
        self, uow: UnitOfWork, rule_id: UUID, rows: Sequence[Evaluated]
    ) -> None:
        instants = [(rule_id, row.record_id, earliest(row.next_changes), row) for row in rows]
        changed = [(rule, id_, at) for rule, id_, at, row in instants if at != row.next_change_at]
        await engine.set_next_changes(uow, changed)

    async def quarantine(self, uow: UnitOfWork, rule_id: UUID, reason: str) -> None:
        """They decide together, so none of them can be evaluated; what they decided stays."""
        faults = [{"code": reason, "message": "The rules could not be evaluated."}]
        for stored in await self.all(uow, **self.scope_of(rule_id)):
            await self.store.set(uow, stored.id, {"faults": faults})

    async def find_usages(self, uow: UnitOfWork, what: str, _: str | None, key: str) -> list[Usage]:
        """The rules that ask for a member, or choose them. Of all else the engine knows who depends
        on it.
        """
        if what != "member":
            return []
        return [self.usage(stored) for stored in await self.store.naming(uow, UUID(key))]

    async def usages(
        self, uow: UnitOfWork, rule_ids: Sequence[UUID], dependency: Dependency
    ) -> list[Usage]:
        """The rules that depend on something."""
        return [
            self.usage(each.stored)
            for rule_id in sorted(rule_ids)
            for each in (await self.usable(uow, **self.scope_of(rule_id)))[0]
            if each.reads(dependency)
        ]

    def usage(self, stored: R) -> Usage:
        return Usage(self.subject, str(stored.id), stored.title)

    async def explain(self, uow: UnitOfWork, record_id: UUID) -> list[Explained[R]]:
        """Every rule's verdict on one record. Raises `NotFound`."""
        context = await moment.evaluation_context(uow)
        explained = []
        usable = (await self.usable(uow))[0]
        keys = await keys_of(uow, [each.rule for each in usable])
        for each in usable:
            record = await record_seen_by(uow, each.rule, record_id, context)
            explanation = explain(each.rule, record, context, keys)
            explained.append(Explained(each.stored, explanation))
        return explained


def _stamps(stored: Any) -> dict[str, Any]:
    return {name: getattr(stored, name) for name in STAMPS}

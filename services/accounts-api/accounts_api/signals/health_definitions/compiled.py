"""Stored or sent definitions, made ready for use against what the workspace has."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, TypeVar

from pydantic_core import from_json

from accounts_api.language.rules.ignored import beyond_ignored
from accounts_api.signals.health_inputs.inputs import (
    Input,
    RuleHolds,
    dependencies_of,
    read_input,
)
from accounts_api.signals.scoring.definition import Definition
from accounts_api.signals.scoring.reading import read_definitions
from accounts_api.signals.scoring.schemas import HealthDefinitionIn
from shared.errors import Fault
from shared.lists.filters import node_of
from shared.rules.interpreter.depends import EXISTENCE, Dependency, dependencies
from shared.rules.syntax import nodes as n
from shared.rules.syntax.faults import RuleFaulty
from shared.rules.types.catalog import Catalog, Field, Relation
from shared.rules.types.type_check import check
from shared.rules.types.typed import Rule

T = TypeVar("T")
CHILDREN: Final = "accounts"
"""The relation to the records whose scores an organization's is made of."""
_CHILD: Final = "account"
_MORE: Final = ("column", "suggestion")
EVERY: Final = n.AllOf(())


@dataclass(frozen=True, slots=True)
class Children:
    """Where the scores are that a parent's is made of."""

    relation: Relation
    score: Field
    arr: Field
    where: Rule
    """Over the children."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A definition, with what its words mean here. None stands for what is gone."""

    definition: Definition
    segment: Rule | None
    """None: it scores every record."""
    inputs: tuple[Input | None, ...]
    caps: tuple[Rule | None, ...]
    children: Children | None


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A list ready for use. Itself the key of what is made from it."""

    record_type: str
    has_score: Rule
    """Which records have a score at all."""
    definitions: tuple[Scored, ...]
    faults: tuple[Fault, ...]

    def named(self, key: str | None) -> Scored | None:
        return next((one for one in self.definitions if one.definition.key == key), None)

    @property
    def rules(self) -> list[Rule]:
        """All that are asked of a record, and of what its score is made of."""
        found = [self.has_score]
        for one in self.definitions:
            found += [rule for rule in (one.segment, *one.caps) if rule is not None]
            found += [each.rule for each in one.inputs if isinstance(each, RuleHolds)]
            found += [one.children.where] if one.children is not None else []
        return found

    @property
    def dependencies(self) -> frozenset[Dependency]:
        found = {Dependency(self.record_type, EXISTENCE), *dependencies(self.has_score)}
        if self.record_type == _CHILD:
            found.add(Dependency(self.record_type, "lifecycle_status"))
        for one in self.definitions:
            rules = [one.segment, *one.caps]
            found.update(*(dependencies(rule) for rule in rules if rule is not None))
            read = (each for each in one.inputs if each is not None)
            found.update(*(dependencies_of(each, self.record_type) for each in read))
            if one.children is not None:
                found |= _of_children(one.children)
        return frozenset(found)


@lru_cache(maxsize=256)
def nobody(compiled: Compiled) -> Compiled:
    """A list by which no record has a score."""
    never = check(
        n.AnyOf(()), Catalog({compiled.record_type: compiled.has_score.type}), compiled.record_type
    )
    return Compiled(compiled.record_type, never, (), ())


def _of_children(children: Children) -> set[Dependency]:
    path = (children.relation.name,)
    return {
        *(Dependency(_CHILD, name, path) for name in (children.score.name, children.arr.name)),
        *(replace(each, path=(*path, *each.path)) for each in dependencies(children.where)),
    }


@lru_cache(maxsize=256)
def compiled(catalog: Catalog, record_type: str, document: str) -> Compiled:
    """Of a stored list, as JSON text. What is gone of it is among its faults."""
    documents = [HealthDefinitionIn.model_validate(one) for one in from_json(document)]
    return compile_list(catalog, record_type, documents)


def compile_list(
    catalog: Catalog, record_type: str, documents: Sequence[HealthDefinitionIn]
) -> Compiled:
    """With every fault: of the list by itself, and of what it names."""
    definitions, faults = read_definitions(documents)
    reader = _Names(catalog, record_type, list(faults))
    read = [
        reader.definition(document, definitions[place] if definitions else None, place)
        for place, document in enumerate(documents)
    ]
    has_score = check(beyond_ignored(record_type, EVERY), catalog, record_type)
    scored = tuple(one for one in read if one is not None)
    return Compiled(record_type, has_score, scored, tuple(reader.faults))


def _without(definition: Definition, inputs: Sequence[Input | None]) -> Definition:
    """A measure whose input is gone is skipped, whatever it says of a missing value."""
    if None not in inputs:
        return definition
    read = iter(inputs)
    groups = [
        replace(
            group,
            measures=tuple(
                replace(measure, when_null=None) if next(read) is None else measure
                for measure in group.measures
            ),
        )
        for group in definition.groups
    ]
    return replace(definition, groups=tuple(groups))


def _score_named(fields: Iterable[Field], word: str) -> Field | None:
    """The field of a score that a key or an id names."""
    for field in fields:
        of_score = field.side is not None and field.side.value == "score"
        if of_score and field.side is not None and field.side.owner is not None:
            _, score_id = field.side.owner
            if field.name == f"health.{word}.score" or str(score_id) == word:
                return field
    return None


class _Names:
    """Looks up what definitions name, and notes what there is not."""

    def __init__(self, catalog: Catalog, record_type: str, faults: list[Fault]) -> None:
        self.catalog = catalog
        self.record_type = record_type
        self.faults = faults

    def definition(
        self, document: HealthDefinitionIn, definition: Definition | None, place: int
    ) -> Scored | None:
        at = f"/definitions/{place}"
        segment = None
        if document.segment_id is not None:
            in_segment = n.InSegment(document.segment_id, n.SegmentOp.MEMBER)
            segment = self.known(
                lambda: check(in_segment, self.catalog, self.record_type),
                f"{at}/segment_id",
                exact=True,
            )
        points = iter(definition.measures if definition else ())
        inputs = [
            self.input(measure.input, next(points, None), f"{at}/groups/{one}/measures/{two}/input")
            for one, group in enumerate(document.groups)
            for two, measure in enumerate(group.measures)
        ]
        caps = [
            self.rule(cap.when, self.record_type, f"{at}/caps/{number}/when")
            for number, cap in enumerate(document.caps)
        ]
        children = self.children(document, f"{at}/from_children")
        if definition is None:
            return None
        if document.segment_id is not None and segment is None:
            return None
        return Scored(_without(definition, inputs), segment, tuple(inputs), tuple(caps), children)

    def input(self, text: str, measure: Any, pointer: str) -> Input | None:
        points = None if measure is None else measure.points
        return self.known(
            lambda: read_input(text, points, self.catalog, self.record_type), pointer, exact=True
        )

    def rule(self, written: dict[str, Any] | str, record_type: str, pointer: str) -> Rule | None:
        return self.known(lambda: check(node_of(written), self.catalog, record_type), pointer)

    def children(self, document: HealthDefinitionIn, pointer: str) -> Children | None:
        given = document.from_children
        if given is None:
            return None
        relation = self.catalog.scope(self.record_type).relations.get(CHILDREN)
        if relation is None or self.record_type != "organization":
            message = "Only a score of organizations is made of those of the accounts below."
            self.faults.append(Fault(pointer, "wrong_type", message))
            return None
        fields = self.catalog.scope(_CHILD).fields
        where = n.AllOf(()) if given.where is None else None
        rule = (
            check(where, self.catalog, _CHILD)
            if where is not None
            else self.rule(given.where or "", _CHILD, f"{pointer}/where")
        )
        score = _score_named(fields.values(), given.score)
        if score is None:
            message = f"There is no health score {given.score!r} of accounts."
            self.faults.append(Fault(f"{pointer}/score", "unknown_input", message))
            return None
        if rule is None:
            return None
        return Children(relation, score, fields["arr"], rule)

    def known(self, read: Callable[[], T], pointer: str, *, exact: bool = False) -> T | None:
        """What is read, or its faults: `exact` at the pointer itself."""
        try:
            return read()
        except RuleFaulty as faulty:
            for fault in faulty.faults:
                error = fault.as_error(pointer)
                where = pointer if exact else str(error.get("pointer", pointer))
                more: dict[str, Any] = {key: error[key] for key in _MORE if key in error}
                self.faults.append(Fault(where, fault.code, fault.message, more or None))
            return None

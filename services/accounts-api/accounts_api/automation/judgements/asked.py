"""What is asked of records: rules by place, and fields by path."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic_core import from_json, to_json

from accounts_api.language.rules.reads import reads_of
from shared.errors import Fault, Invalid
from shared.lists.filters import checked, refused
from shared.rules.interpreter.evaluate import Snapshot, value_of
from shared.rules.interpreter.explain import plain
from shared.rules.interpreter.needs import Deciding, Needs, gather
from shared.rules.syntax import nodes as n
from shared.rules.syntax.faults import Fault as RuleFault
from shared.rules.syntax.faults import RuleFaulty
from shared.rules.types.catalog import Catalog, Field, Parent, RecordType
from shared.rules.types.type_check import Checker, check
from shared.rules.types.typed import Rule


@dataclass(frozen=True, slots=True)
class ReadField:
    """A field of the record, or of the one record that relations lead to."""

    name: str
    hops: tuple[tuple[RecordType, Any], ...]
    field: Field

    def gather(self, found: Needs) -> None:
        for target, relation in self.hops:
            _, found = found.related.setdefault(relation.name, (relation, Needs(target)))
        found.fields[self.field.name] = self.field

    def value(self, record: Snapshot) -> Any:
        """As JSON; None when it is missing, or the record that it would be of."""
        for _, relation in self.hops:
            others = record.related[relation.name]
            if not others:
                return None
            record = others[0]
        return plain(value_of(self.field, record))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks of records of one type, understood."""

    type: RecordType
    rules: Mapping[str, Rule]
    fields: tuple[ReadField, ...]

    @property
    def shown(self) -> set[tuple[str, str]]:
        """Of the records themselves, by record type and name: fields whose values are asked for."""
        return {(self.type.name, read.field.name) for read in self.fields if not read.hops}

    @property
    def reads(self) -> set[tuple[str, str]]:
        """Record types and names of fields."""
        behind = {(read.hops[-1][0].name, read.field.name) for read in self.fields if read.hops}
        return self.shown | behind | reads_of(self.rules.values())

    @property
    def everything(self) -> Rule:
        """Holds for every record."""
        return _everything(self.type)

    @property
    def evaluated(self) -> list[Rule]:
        """A statement has at least one rule."""
        return [*self.rules.values()] or [self.everything]

    def needs(self, deciding: Deciding, *, of_rules: bool) -> Needs:
        found = Needs(self.type)
        for rule in self.rules.values() if of_rules else ():
            gather(rule.root, found, deciding)
        for read in self.fields:
            read.gather(found)
        return found


def understood(
    catalog: Catalog, record_type: str, rules: Mapping[str, Any], fields: Iterable[str]
) -> Asked:
    """Raises `Invalid` with every fault of every rule and field."""
    type_ = type_of(catalog, record_type)
    usable: dict[str, Rule] = {}
    faults: list[Fault] = []
    for place, written in rules.items():
        try:
            usable[place] = rule_of(catalog, record_type, written)
        except RuleFaulty as faulty:
            faults += refused(faulty, f"/rules/{pointed(place)}").faults
    read: list[ReadField] = []
    for number, name in enumerate(fields):
        try:
            read.append(field_of(catalog, record_type, name))
        except RuleFaulty as faulty:
            faults += refused(faulty, f"/fields/{number}").faults
    if faults:
        raise Invalid("Nothing was judged. See `errors` for each fault.", faults=faults)
    return Asked(type_, usable, tuple(read))


def type_of(catalog: Catalog, record_type: str) -> RecordType:
    """Raises `Invalid`."""
    type_ = catalog.types.get(record_type)
    if type_ is None:
        message = f"There is no record type {record_type!r} here."
        raise Invalid(faults=[Fault("/record_type", "unknown_record_type", message)])
    return type_


def rule_of(catalog: Catalog, record_type: str, written: dict[str, Any] | str) -> Rule:
    """The same object for the same words, by which what is made of it is kept. Raises
    `RuleFaulty`.
    """
    return _rule(catalog, record_type, to_json(written).decode())


@lru_cache(maxsize=2048)
def _rule(catalog: Catalog, record_type: str, document: str) -> Rule:
    return checked(from_json(document), catalog, record_type)


def field_of(catalog: Catalog, record_type: str, name: str) -> ReadField:
    """Raises `RuleFaulty`."""
    checker = Checker(catalog)
    found = checker.path(n.Compare(name, n.Op.IS_EMPTY), catalog.scope(record_type))
    if found is None:
        raise RuleFaulty(checker.faults)
    hops, _, field = found
    several = [relation.name for _, relation in hops if not isinstance(relation.join, Parent)]
    if several:
        message = f"{several[0]} may be several records: a field is read of one."
        raise RuleFaulty([RuleFault("several_records", message)])
    return ReadField(name, tuple(hops), field)


def pointed(place: str) -> str:
    """A member's name in a JSON pointer."""
    return place.replace("~", "~0").replace("/", "~1")


@lru_cache(maxsize=256)
def _everything(type_: RecordType) -> Rule:
    return check(n.AllOf(()), Catalog({type_.name: type_}), type_.name)

"""Which changes can change the value of a formula, on which records, and what of them it needs."""

from collections.abc import Iterable, Iterator

from accounts_api.language.formulas import typed as c
from shared.rules.interpreter.depends import (
    CALENDAR,
    EXISTENCE,
    Dependency,
    relation_dependencies,
)
from shared.rules.interpreter.depends import seen as rule_seen
from shared.rules.interpreter.needs import Needs
from shared.rules.interpreter.needs import gather as gather_rule
from shared.rules.types.catalog import Field
from shared.rules.types.context import Asks


def dependencies(formula: c.Formula) -> frozenset[Dependency]:
    here = formula.type.name
    asked = Asks.CALENDAR in formula.root.asks
    own = {EXISTENCE, CALENDAR} if asked else {EXISTENCE}
    return frozenset({*(Dependency(here, what) for what in own), *_seen(formula.root, here)})


def _seen(root: c.Checked, here: str) -> Iterator[Dependency]:
    for node in c.walk(root):
        match node:
            case c.FieldOf(hops, field):
                yield from _behind(hops, (field,), here)
            case c.Gathered(hops=hops, field=field, by=by, where=where):
                yield from _behind(hops, (field, by), here)
                if where is not None:
                    path = tuple(hop.relation.name for hop in hops)
                    yield from rule_seen(where, hops[-1].target.name, path)


def _behind(
    hops: Iterable[c.Hop], fields: Iterable[Field | None], here: str
) -> Iterator[Dependency]:
    path: tuple[str, ...] = ()
    for hop in hops:
        yield from relation_dependencies(hop.relation, here, path)
        here, path = hop.target.name, (*path, hop.relation.name)
    for field in fields:
        # what stands on the link changes with the relation
        if field is not None and not field.on_link:
            yield Dependency(here, field.name, path)
            if field.currency_column:
                yield Dependency(here, field.currency_column, path)


def needs(*formulas: c.Formula) -> Needs:
    """What formulas over records of one type read, all together."""
    found = Needs(formulas[0].type)
    for formula in formulas:
        for node in c.walk(formula.root):
            match node:
                case c.FieldOf(hops, field):
                    _add(_needs_behind(found, hops), (field,))
                case c.Gathered(hops=hops, field=field, by=by, where=where):
                    inner = _needs_behind(found, hops)
                    _add(inner, (field, by))
                    if where is not None:
                        gather_rule(where, inner)
    return found


def _needs_behind(found: Needs, hops: Iterable[c.Hop]) -> Needs:
    for hop in hops:
        name = hop.relation.name
        _, found = found.related.setdefault(name, (hop.relation, Needs(hop.target)))
    return found


def _add(found: Needs, fields: Iterable[Field | None]) -> None:
    for field in fields:
        if field is not None:
            found.fields[field.name] = field
            if field.currency_column:
                found.currencies.add(field.currency_column)


def is_own(formula: c.Formula) -> bool:
    """Whether the record's own fields decide, so that its value is known wherever it is written.
    When a record was made is known only after.
    """
    return not any(
        isinstance(node, c.Gathered)
        or (isinstance(node, c.FieldOf) and (node.hops or not _is_written(node.field)))
        for node in c.walk(formula.root)
    )


def _is_written(field: Field) -> bool:
    """Whether it is known with what is written of the record."""
    return field.name != "created_at" and field.side is None


def traits_read(formula: c.Formula) -> frozenset[str]:
    """Keys of the record's own traits."""
    return frozenset(
        node.field.trait
        for node in c.walk(formula.root)
        if isinstance(node, c.FieldOf) and not node.hops and node.field.trait is not None
    )

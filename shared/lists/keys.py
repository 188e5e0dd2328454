"""What a workspace configures, named by its keys in the rule of a list whose fields hold ids."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from shared.keys import Keys, id_or_none
from shared.rules.syntax import nodes as n
from shared.rules.syntax.faults import Fault, RuleFaulty
from shared.uow import UnitOfWork

V = TypeVar("V")


async def with_ids(uow: UnitOfWork, node: n.Node, keys: Mapping[str, Keys]) -> n.Node:
    """The same rule with ids in place of keys, `keys` being those of each field that holds ids.
    Raises `RuleFaulty` with every key that leads to nothing.
    """
    compared = [inner for inner, _ in n.walk(node) if isinstance(inner, n.Compare)]
    ids: dict[str, dict[str, str]] = {}
    faults: list[Fault] = []
    for field, of in keys.items():
        of_field = [(inner, word) for inner in compared for word in _words(inner, field)]
        found = await of.ids(uow, {word for _, word in of_field})
        ids[field] = {key: str(id_) for key, id_ in found.items()}
        message = f"There is no {of.kind.replace('_', ' ')} with this key."
        faults += [
            Fault(
                f"unknown_{of.kind}",
                message,
                inner.place.part("value"),
                await of.nearest(uow, word),
            )
            for inner, word in of_field
            if word not in found
        ]
    if faults:
        raise RuleFaulty(faults)

    def named(leaf: n.Node) -> n.Node:
        if not isinstance(leaf, n.Compare):
            return leaf
        names = ids.get(leaf.path, {})
        if isinstance(leaf.value, tuple):
            return replace(leaf, value=tuple(_named(each, names) for each in leaf.value))
        return replace(leaf, value=_named(leaf.value, names))

    return n.with_leaves(node, named)


def _named(value: V, names: Mapping[str, str]) -> V | str:
    return names.get(value, value) if isinstance(value, str) else value


def _words(node: n.Compare, field: str) -> list[str]:
    """Those that are no ids."""
    if node.path != field:
        return []
    values = node.value if isinstance(node.value, tuple) else (node.value,)
    return [each for each in values if isinstance(each, str) and id_or_none(each) is None]

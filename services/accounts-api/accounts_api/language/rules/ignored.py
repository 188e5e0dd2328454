"""Ignored accounts leave lists, counts, segments and automation, with what is theirs alone."""

from typing import Final

from shared.rules.syntax import nodes as n

IGNORED: Final = "ignored"
_IGNORED: Final = n.Compare("lifecycle_status", n.Op.EQ, IGNORED)
_UNLESS: Final[dict[str, n.Node]] = {
    "account": n.NotOf(_IGNORED),
    "opportunity": n.Related("account", n.Quantifier.NONE, _IGNORED),
    # Who is at one more account, or at none, stays for that. First what decides for nearly all.
    "contact": n.AnyOf(
        (
            n.Related("accounts", n.Quantifier.NONE, _IGNORED),
            n.Related("accounts", n.Quantifier.ANY, n.NotOf(_IGNORED)),
        )
    ),
}


def not_ignored(account: str) -> str:
    """As SQL, of the row of an account that a statement calls so."""
    return f"{account}.lifecycle_status <> '{IGNORED}'"


def beyond_ignored(record_type: str, node: n.Node) -> n.Node:
    """The rule, and not ignored."""
    unless = _UNLESS.get(record_type)
    return node if unless is None else n.AllOf((node, unless))

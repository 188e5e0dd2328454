"""Stints that are told of the past: what they make of those that were known."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from accounts_api.records.holdings.rules import Holders, Stint, changes_to, stints, with_told

BORN = 1


def day(number: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


def stint(member: str, since: int, until: int | None = None) -> Stint:
    return Stint(member, day(since), None if until is None else day(until))


def holders(*changes: tuple[int, str]) -> Holders:
    """Since the first instant: at each day who held it then, each letter a member."""
    return Holders(day(BORN), (), [(day(at), list(members)) for at, members in changes])


def told_again(before: Holders, changes: Sequence[tuple[datetime, list[str]]]) -> Holders:
    known = dict([(before.since, before.before), *before.changes]) | dict(changes)
    return Holders(before.since, (), sorted(known.items()))


def knowing(known: Sequence[Stint]) -> Holders:
    nobody = holders((BORN, ""))
    return told_again(nobody, changes_to(nobody, known))


@pytest.mark.parametrize(
    ("known", "told", "become"),
    [
        ([], [stint("a", 2, 5), stint("b", 5)], [stint("a", 2, 5), stint("b", 5)]),
        ([stint("c", 1)], [stint("b", 5)], [stint("b", 5), stint("c", 1, 5)]),
        (
            [stint("c", 1)],
            [stint("a", 2, 5), stint("b", 5)],
            [stint("a", 2, 5), stint("b", 5), stint("c", 1, 2)],
        ),
        (
            [stint("b", 1)],
            [stint("a", 2, 5), stint("b", 5)],
            [stint("a", 2, 5), stint("b", 1, 2), stint("b", 5)],
        ),
        ([stint("b", 5, 9), stint("c", 9)], [stint("b", 5)], [stint("b", 5, 9), stint("c", 9)]),
        ([stint("b", 5, 9)], [stint("b", 5)], [stint("b", 5, 9)]),
        ([stint("c", 9)], [stint("b", 5)], [stint("b", 5, 9), stint("c", 9)]),
        ([stint("a", 2)], [stint("a", 2, 6)], [stint("a", 2, 6)]),
        ([stint("a", 2, 4)], [stint("a", 4, 6)], [stint("a", 2, 6)]),
    ],
)
def test_what_is_told_goes_beside_what_is_known(
    known: list[Stint], told: list[Stint], become: list[Stint]
) -> None:
    found = with_told(knowing(known), told, multi=False)
    assert (list(found.stints), found.against) == (become, {})


@pytest.mark.parametrize(
    ("known", "told", "against"),
    [
        ([], [stint("a", 2, 5), stint("b", 4)], {"a", "b"}),
        ([], [stint("a", 2), stint("b", 4)], {"a", "b"}),
        ([stint("c", 1)], [stint("a", 2, 5)], {"a"}),
        ([stint("c", 4)], [stint("a", 2, 5)], {"a"}),
        ([stint("c", 1, 4)], [stint("a", 2)], {"a"}),
        ([stint("c", 1, 4)], [stint("a", 4, 5), stint("b", 3, 4)], {"b"}),
    ],
)
def test_of_a_role_with_one_holder_no_two_stints_overlap(
    known: list[Stint], told: list[Stint], against: set[str]
) -> None:
    assert {one.member for one in with_told(knowing(known), told, multi=False).against} == against
    assert with_told(knowing(known), told, multi=True).against == {}


DAYS = st.integers(BORN, 12)
STINTS = st.builds(
    lambda member, since, length: stint(member, since, since + length if length else None),
    st.sampled_from("abc"),
    DAYS,
    st.integers(0, 6),
)


@given(
    multi=st.booleans(),
    known=st.dictionaries(DAYS, st.sets(st.sampled_from("abc")), max_size=4),
    told=st.lists(STINTS, min_size=1, max_size=4),
)
def test_the_changes_make_the_stints_and_telling_them_again_changes_nothing(
    *, multi: bool, known: dict[int, set[str]], told: list[Stint]
) -> None:
    held = {BORN: set[str]()} | known
    before = holders(
        *((at, "".join(sorted(who)[: None if multi else 1])) for at, who in sorted(held.items()))
    )
    found = with_told(before, told, multi=multi)
    # Of several holders nothing tells a stint that another one touches from one that goes on.
    touching = {(one.member, one.valid_from) for one in stints(before)}
    assume(not multi or not touching & {(one.member, one.valid_to) for one in told})
    assume(not found.against)
    after = told_again(before, changes_to(before, found.stints))
    assert set(stints(after)) == set(found.stints)
    if not multi:
        assert all(len(members) <= 1 for _, members in after.changes)
    again = with_told(after, told, multi=multi)
    assert (set(again.stints), again.against) == (set(found.stints), {})
    assert changes_to(after, again.stints) == []

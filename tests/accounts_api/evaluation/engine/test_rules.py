"""Who looks at what again, against the plain pairs of changes and watches."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from accounts_api.evaluation.engine.rules import (
    RESUMED,
    TIMED,
    Change,
    DependentRule,
    LastChange,
    by_paths,
    by_shape,
    last_changes,
)

AT = datetime(2026, 3, 2, tzinfo=UTC)
RECORDS = [UUID(int=number) for number in range(1, 5)]
WHAT = ["*", "arr", "name", RESUMED, TIMED]
PATHS: list[tuple[str, tuple[str, ...]]] = [("account", ()), ("opportunity", ("account",))]

changes = st.lists(
    st.builds(
        Change,
        id=st.integers(1, 50),
        record_type=st.just("account"),
        record_id=st.sampled_from(RECORDS),
        what=st.lists(st.sampled_from(WHAT), min_size=1, unique=True),
        at=st.just(AT),
        cause=st.just(()),
    ),
    max_size=12,
    unique_by=lambda change: change.id,
)
dependencies = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from(["*", "arr", "name"]), st.sampled_from(PATHS)),
    unique=True,
    max_size=10,
)
starts = st.fixed_dictionaries(
    {
        PATHS[0]: st.just({record: [record] for record in RECORDS}),
        PATHS[1]: st.dictionaries(
            st.sampled_from(RECORDS), st.lists(st.sampled_from(RECORDS), unique=True)
        ),
    }
)


@given(changes, dependencies, starts)
def test_each_watch_looks_at_what_it_would_see_pair_by_pair(
    changed: list[Change],
    dependencies: list[tuple[int, str, tuple[str, tuple[str, ...]]]],
    starts: dict[tuple[str, tuple[str, ...]], dict[UUID, list[UUID]]],
) -> None:
    expected: dict[tuple[UUID, UUID], LastChange] = {}
    dependent_rules: dict[tuple[str, str], list[DependentRule]] = {}
    for number, what, (evaluated_type, path) in dependencies:
        # A watch is about one type: its number stands for it and the type.
        dependent = DependentRule(
            UUID(int=number + 100 * len(path)), "segment", evaluated_type, path
        )
        for key in {what, "*"}:
            dependent_rules.setdefault(("account", key), []).append(dependent)
        for change in sorted(changed, key=lambda change: change.id):
            if what in change.what or "*" in change.what:
                for record in starts[evaluated_type, path].get(change.record_id, ()):
                    back, timed = RESUMED in change.what, TIMED in change.what
                    first = LastChange(change, back, timed)
                    known = expected.get((dependent.rule_id, record), first)
                    last = max(known.change, change, key=lambda one: one.id)
                    expected[dependent.rule_id, record] = LastChange(
                        last, back or known.resumed, timed and known.timed
                    )

    shapes = by_shape(changed)
    found = {
        (dependent.rule_id, record): seen
        for change_paths, watching in by_paths(shapes, dependent_rules).items()
        for record, seen in last_changes(change_paths, shapes, starts).items()
        for dependent in watching
    }
    assert found == expected


def test_many_new_records_are_one_sort_and_many_rules_one_view() -> None:
    new = [Change(n, "account", UUID(int=n), ["*"], AT, ()) for n in range(1, 1_001)]
    dependent_rules = {
        ("account", "*"): [
            DependentRule(UUID(int=n), "segment", "account", ()) for n in range(1, 201)
        ]
    }
    shapes = by_shape(new)
    ((change_paths, watching),) = by_paths(shapes, dependent_rules).items()
    assert (len(shapes), len(change_paths), len(watching)) == (1, 1, 200)

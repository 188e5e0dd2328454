"""Pure decisions about values: merge patch, differences, rewinding, search words."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts_api.records.history.rules import rewound
from accounts_api.records.schema.rules import (
    differences,
    event_field_names,
    full_name,
    merged,
    same,
    search_text,
    words,
)

# A busy machine says nothing about a property.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
KEYS = st.sampled_from("abcd")
VALUES = st.one_of(st.none(), st.booleans(), st.integers(0, 2), st.lists(st.booleans(), max_size=2))
SOME = st.dictionaries(KEYS, VALUES.filter(lambda value: value is not None))
PATCH = st.dictionaries(KEYS, VALUES)


def reference_merge(kept: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """RFC 7396, section 2, as it is written there."""
    target = dict(kept)
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = value
    return target


@PATIENT
@given(SOME, PATCH)
def test_a_merge_patch_does_what_the_standard_says(
    kept: dict[str, Any], patch: dict[str, Any]
) -> None:
    assert merged(kept, patch) == reference_merge(kept, patch)


@PATIENT
@given(SOME, PATCH)
def test_a_merge_patch_applied_twice_is_applied_once(
    kept: dict[str, Any], patch: dict[str, Any]
) -> None:
    once = merged(kept, patch)
    assert merged(once, patch) == once


STATE = st.fixed_dictionaries(
    {"name": VALUES, "arr": VALUES, "traits": SOME, "key_roles": SOME, "accounts": st.just([])}
)


@PATIENT
@given(STATE, STATE)
def test_differences_are_all_that_separates_two_states(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    changes = differences(before, after, ("name", "arr"))
    undone = rewound(after, [(field, old) for field, (old, _) in changes.items()])
    assert undone is not None
    assert not differences(before, undone, ("name", "arr"))


@PATIENT
@given(STATE)
def test_a_state_does_not_differ_from_itself(state: dict[str, Any]) -> None:
    assert differences(state, state, ("name", "arr")) == {}


def test_one_and_true_and_a_text_differ() -> None:
    assert not same(1, True)
    assert not same([1], [True])
    assert not same(1, "1")
    assert same(1, 1.0)
    assert same([], [])


def test_key_roles_are_told_under_one_name() -> None:
    assert event_field_names(["key_roles.csm", "key_roles.ae", "arr"]) == ["arr", "key_roles"]


def test_words_lose_accents_capitals_and_punctuation() -> None:
    assert words("Zoë's  BAKERY.example") == ["zoe", "s", "bakery", "example"]
    assert search_text({"name": "Acme", "email": "a@b.c"}) == " acme a b c"
    assert full_name({"email": "a@b.c"}) == "a@b.c"

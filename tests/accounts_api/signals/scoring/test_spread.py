from collections import Counter
from decimal import Decimal
from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from accounts_api.signals.scoring.spread import spread


@given(st.lists(st.integers(0, 100), max_size=40))
def test_scores_are_counted_by_tens_and_have_a_middle(scores: list[int]) -> None:
    found = spread(Counter(scores).items())
    assert found.scored == sum(found.histogram) == len(scores)
    assert found.median == (Decimal(median(scores)) if scores else None)
    assert found.histogram[9] == sum(score >= 90 for score in scores)

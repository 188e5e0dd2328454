"""The algorithms as functions."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from accounts_api.automation.assignments.rules import Choice, Distribution, Load, choose

ADA, BEA, CLEO = (UUID(int=n) for n in (3, 2, 1))


def loads(**counts: tuple[int, int]) -> dict[UUID, Load]:
    ids = {"ada": ADA, "bea": BEA, "cleo": CLEO}
    return {
        ids[name]: Load(ids[name], name.title(), accounts, revenue)
        for name, (accounts, revenue) in counts.items()
    }


def test_ties_go_to_the_first_by_name() -> None:
    even = loads(ada=(1, 5), bea=(1, 5), cleo=(1, 5))
    pool = (CLEO, BEA, ADA)
    assert choose("fewest_accounts", pool, None, even) == ADA
    assert choose("least_managed_revenue", pool, None, even) == ADA
    twins = {one: Load(one, "Ada") for one in pool}
    assert choose("fewest_accounts", pool, None, twins) == CLEO


def test_each_algorithm_counts_what_it_says() -> None:
    found = loads(ada=(1, 900), bea=(2, 100))
    assert choose("fewest_accounts", (ADA, BEA), None, found) == ADA
    assert choose("least_managed_revenue", (ADA, BEA), None, found) == BEA


def test_a_round_robin_goes_on_behind_the_last_and_past_those_who_left() -> None:
    here = loads(ada=(9, 9), cleo=(0, 0))
    pool = (ADA, BEA, CLEO)
    assert choose("round_robin", pool, None, here) == ADA
    assert choose("round_robin", pool, ADA, here) == CLEO
    assert choose("round_robin", pool, CLEO, here) == ADA
    assert choose("round_robin", pool, UUID(int=77), here) == ADA
    assert choose("round_robin", pool, ADA, {}) is None


@given(
    st.lists(st.integers(0, 10**9), max_size=60),
    st.sampled_from(["fewest_accounts", "least_managed_revenue", "round_robin"]),
)
def test_a_distribution_is_balanced_and_the_same_every_time(
    revenues: list[int], algorithm: str
) -> None:
    pool = (CLEO, ADA, BEA)

    def run() -> tuple[list[UUID | None], Distribution]:
        desk = Distribution(loads(ada=(0, 0), bea=(0, 0), cleo=(0, 0)))
        choice = Choice(None, algorithm, pool)  # type: ignore[arg-type]
        return [desk.give(UUID(int=9), choice, revenue) for revenue in revenues], desk

    (given_to, desk), (again, _) = run(), run()
    assert given_to == again
    carried = desk.loads.values()
    assert sum(load.accounts for load in carried) == len(revenues)
    spread = sorted(load.accounts for load in carried)
    if algorithm != "least_managed_revenue":
        assert spread[-1] - spread[0] <= 1
    else:
        heavy = sorted(load.revenue for load in carried)
        assert heavy[-1] - heavy[0] <= max(revenues, default=0)

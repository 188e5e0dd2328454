"""What every connector that writes promises of it."""

import pytest

from sync_worker.connectors.base import Intent
from tests.connectors.conformance.near import Near

LONG = "x" * 300
"""No name of any system is as long."""


def intent(near: Near, record_id: str, name: str) -> Intent:
    return Intent(near.far.stream, record_id, {near.case.name_field: name})


@pytest.fixture(autouse=True)
def writes(near: Near) -> None:
    if not near.connector.spec.can.batch:
        pytest.skip("It does not claim to write.")


async def test_what_is_written_reads_back_and_twice_is_once(near: Near) -> None:
    ids = [near.far.add(f"Before {number}") for number in range(3)]
    intents = [intent(near, each, f"After {number}") for number, each in enumerate(ids)]
    for _ in range(2):
        assert list(await near.connector.write(near.link, intents)) == [None] * 3
    assert near.far.names() == {each: f"After {n}" for n, each in enumerate(ids)}
    assert list(await near.connector.write(near.link, [intent(near, ids[0], "Alone")])) == [None]
    assert near.far.names()[ids[0]] == "Alone"


async def test_one_bad_record_spares_the_rest(near: Near) -> None:
    ids = [near.far.add(f"Before {number}") for number in range(3)]
    intents = [intent(near, each, LONG if each == ids[1] else "After") for each in ids]
    good, bad, also_good = await near.connector.write(near.link, intents)
    assert (good, also_good) == (None, None)
    assert bad is not None
    assert bad.meaning == "refused"
    assert bad.detail
    assert near.far.names() == {ids[0]: "After", ids[1]: "Before 1", ids[2]: "After"}


async def test_a_record_that_is_gone_is_refused_in_the_systems_words(near: Near) -> None:
    ids = [near.far.add(f"Before {number}") for number in range(2)]
    near.far.remove(ids[0])
    gone, there = await near.connector.write(
        near.link, [intent(near, each, "After") for each in ids]
    )
    assert gone is not None
    assert (gone.meaning, bool(gone.detail)) == ("refused", True)
    assert there is None


async def test_an_answer_that_is_lost_is_written_again_without_harm(near: Near) -> None:
    made = near.far.add("Before")
    near.far.faults.add("^(PUT|PATCH) ", preset="lost_response", times=1)
    assert list(await near.connector.write(near.link, [intent(near, made, "After")])) == [None]
    assert near.far.names() == {made: "After"}

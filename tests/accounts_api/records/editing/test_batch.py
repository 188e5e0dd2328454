"""What a batch of edits makes of records does not depend on how the edits are cut into batches."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts_api.records.editing.batch import Batch
from accounts_api.records.editing.edits import OURSELVES, Edit
from accounts_api.records.editing.lookups import Lookups
from accounts_api.records.schema.record_schemas import ACCOUNT
from shared.traits.definitions import Definition

VALUES = st.one_of(st.none(), st.booleans(), st.integers(0, 2), st.lists(st.booleans(), max_size=2))
ROW = st.fixed_dictionaries(
    {
        "external_id": st.sampled_from(["x", "y"]),
        "values": st.dictionaries(st.sampled_from(["name", "arr", "domain"]), VALUES),
        "traits": st.dictionaries(st.just("n"), st.one_of(st.none(), st.integers(0, 3), st.text())),
        "deleted": st.booleans(),
    }
)


# A busy machine says nothing about a property.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ROW, max_size=8))
def test_a_batch_ends_as_its_rows_taken_one_by_one(rows: list[dict[str, Any]]) -> None:
    """Refused rows leave no trace; the net change is what the accepted ones add up to."""
    lookups = Lookups(definitions={"n": Definition("n", "number")})
    together = Batch(ACCOUNT, OURSELVES, lookups)
    for row in rows:
        together.apply(Edit(**row))
    apart = Batch(ACCOUNT, OURSELVES, lookups)
    for row in rows:
        single = Batch(ACCOUNT, OURSELVES, lookups)
        single.stored(pending.after for pending in apart.pending.values())
        single.deleters = {}
        single.apply(Edit(**row))
        apart = single
    visible = ("external_id", "name", "arr", "domain", "traits", "deleted")

    def shape(batch: Batch) -> list[list[Any]]:
        states = [pending.after for pending in batch.pending.values()]
        return sorted(([state[n] for n in visible] for state in states), key=repr)

    assert shape(together) == shape(apart)
    assert len(together.outcomes) == len(rows)

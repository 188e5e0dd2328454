"""What every connector promises of reading, tried on each against its simulator."""

import json

import pytest

from sync_worker.connectors.base import Row, StreamSchema, SystemTrouble, Unchanged
from tests.connectors.conformance.near import Near, names_of, rows_of

NAMES = [f"Company {number:02d}" for number in range(12)]


async def test_the_schema_names_every_field_with_a_kind(near: Near) -> None:
    names = near.stream.schema.names
    assert near.case.name_field in names
    assert len(set(names)) == len(names)
    assert all(field.kind for field in near.stream.schema.fields)
    assert await near.connector.describe(near.link, "Nothing__x", None) is None


async def test_asking_for_the_schema_again_costs_one_request_and_tells_the_same(near: Near) -> None:
    before = near.link.requests
    again = await near.connector.describe(near.link, near.far.stream, near.stream.schema.version)
    assert near.link.requests == before + 1
    assert isinstance(again, Unchanged) or again == near.stream.schema


async def test_a_backfill_meets_every_row_and_says_when_it_has(near: Near) -> None:
    for name in NAMES:
        near.far.add(name)
    await near.let_time_pass()
    pages = await near.pages(None, "backfill")
    assert names_of(near, rows_of(pages)) == near.far.names()
    assert [page.listed_everything for page in pages].count(True) == 1
    assert pages[-1].complete_until is not None
    changes = await near.pages(pages[-1].checkpoint, "changes")
    assert not any(page.listed_everything for page in changes), "changes are not everything"


async def test_a_backfill_goes_on_after_any_page(near: Near) -> None:
    near.far.small_pages()
    for name in NAMES:
        near.far.add(name)
    await near.let_time_pass()
    pages = await near.pages(None, "backfill")
    assert len([page for page in pages if page.rows]) > 1
    for count in range(1, len(pages)):
        kept, rest = pages[:count], await near.pages(pages[count - 1].checkpoint, "backfill")
        assert names_of(near, rows_of([*kept, *rest])) == near.far.names(), count


async def test_what_changes_during_a_backfill_arrives(near: Near) -> None:
    near.far.small_pages()
    ids = [near.far.add(name) for name in NAMES]
    await near.let_time_pass()
    read: list[str] = []
    rows: list[Row] = []
    checkpoint = None
    async for page in near.connector.read(near.link, near.stream, None, "backfill"):
        if page.rows and not read:
            near.far.rename(ids[0], "Renamed meanwhile")
            near.far.remove(ids[-1])
            ids.append(near.far.add("Added meanwhile"))
        read += [row.id for row in page.rows]
        rows += page.rows
        checkpoint = page.checkpoint
    await near.let_time_pass()
    assert checkpoint is not None
    rows += rows_of(await near.pages(checkpoint, "changes"))
    assert names_of(near, rows) == near.far.names()


async def test_changes_hold_what_changed_and_the_same_checkpoint_holds_it_again(near: Near) -> None:
    ids = [near.far.add(name) for name in NAMES]
    await near.let_time_pass()
    _, checkpoint = await near.everything()
    near.far.rename(ids[3], "Renamed")
    await near.let_time_pass()
    changed, later = await near.changed(checkpoint)
    assert changed[ids[3]].values[near.case.name_field] == "Renamed"
    again, _ = await near.changed(checkpoint)
    assert again.keys() >= changed.keys(), "nothing is met once only"
    near.far.rename(ids[4], "Renamed too")
    await near.let_time_pass()
    assert ids[4] in (await near.changed(later))[0]


async def test_a_checkpoint_survives_json_and_one_that_cannot_be_read_says_so(near: Near) -> None:
    ids = [near.far.add(name) for name in NAMES[:3]]
    await near.let_time_pass()
    _, checkpoint = await near.everything()
    assert "format" in checkpoint
    stored = json.loads(json.dumps(checkpoint))
    assert stored == checkpoint
    assert len(json.dumps(stored)) < 16_384
    near.far.rename(ids[1], "Renamed")
    await near.let_time_pass()
    assert ids[1] in (await near.changed(stored))[0]
    for odd in ({}, {"format": 0}, {**checkpoint, "format": 99}):
        with pytest.raises(SystemTrouble) as refused:
            await near.pages(odd, "changes")
        assert refused.value.trouble.meaning == "expired"


async def test_rows_by_id_say_that_they_are_gone_or_are_not_there(near: Near) -> None:
    ids = [near.far.add(name) for name in NAMES[:4]]
    near.far.remove(ids[1])
    near.far.purge(ids[2])
    await near.let_time_pass()
    rows = {row.id: row for row in await near.connector.by_ids(near.link, near.stream, ids)}
    assert rows[ids[0]].values[near.case.name_field] == NAMES[0]
    assert ids[1] not in rows or rows[ids[1]].state != "live"
    assert ids[2] not in rows
    assert (await near.connector.by_ids(near.link, near.stream, [ids[3]]))[0].id == ids[3]


async def test_the_newest_rows_are_live_ones_that_changed_last(near: Near) -> None:
    ids = [near.far.add(name) for name in NAMES[:5]]
    await near.let_time_pass()
    near.far.rename(ids[1], "Newest")
    near.far.remove(ids[4])
    await near.let_time_pass()
    newest = await near.connector.newest(near.link, near.stream, 2)
    assert [row.state for row in newest] == ["live", "live"]
    assert newest[0].id == ids[1]
    assert newest[0].source


async def test_a_deletion_is_seen_and_a_restored_row_returns(near: Near) -> None:
    ids = [near.far.add(name) for name in NAMES[:4]]
    await near.let_time_pass()
    _, checkpoint = await near.everything()
    near.far.remove(ids[2])
    await near.let_time_pass()
    changed, checkpoint = await near.changed(checkpoint)
    assert changed[ids[2]].state == "deleted"
    near.far.restore(ids[2])
    await near.let_time_pass()
    changed, _ = await near.changed(checkpoint)
    assert changed[ids[2]].state == "live"
    assert changed[ids[2]].values[near.case.name_field] == NAMES[2]


async def test_a_row_that_vanished_is_missing_from_a_complete_backfill(near: Near) -> None:
    ids = [near.far.add(name) for name in NAMES[:4]]
    await near.let_time_pass()
    assert (await near.everything())[0].keys() == set(ids)
    near.far.purge(ids[0])
    await near.let_time_pass()
    names, _ = await near.everything()
    assert names == near.far.names()
    assert ids[0] not in names


async def test_a_merge_names_its_winner(near: Near) -> None:
    if not near.connector.spec.can.merges:
        pytest.skip("It does not claim merges.")
    winner, loser = near.far.add("Winner"), near.far.add("Loser")
    await near.let_time_pass()
    _, checkpoint = await near.everything()
    near.far.merge(winner, loser)
    await near.let_time_pass()
    changed, _ = await near.changed(checkpoint)
    assert (changed[loser].state, changed[loser].merged_into) == ("deleted", winner)


async def test_a_hidden_field_is_absent_and_an_empty_one_is_none(near: Near) -> None:
    near.far.add(NAMES[0])
    await near.let_time_pass()
    rows = rows_of(await near.pages(None, "backfill"))
    assert near.case.name_field in rows[0].values
    near.far.hide_name()
    schema = await near.connector.describe(near.link, near.far.stream, None)
    assert isinstance(schema, StreamSchema)
    assert near.case.name_field not in schema.names
    near.stream = await near.looked_at()
    rows = rows_of(await near.pages(None, "backfill"))
    assert near.case.name_field not in rows[0].values


@pytest.mark.parametrize(
    "name", ["Ünïcödé 漢字", "'; drop table", 'a "quoted" \\ name', "\u202eright to left", "x" * 70]
)
async def test_hostile_text_comes_as_it_is(near: Near, name: str) -> None:
    made = near.far.add(name)
    await near.let_time_pass()
    assert (await near.everything())[0] == {made: name}

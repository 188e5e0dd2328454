"""What goes wrong on the way, and that it is told for what it is."""

from dataclasses import fields

import pytest

from sync_worker.connectors.base import Grant, Row, SystemTrouble
from tests.connectors.conformance.near import Near, names_of, rows_of


async def test_passing_trouble_costs_nothing(near: Near) -> None:
    ids = [near.far.add(f"Company {number}") for number in range(3)]
    await near.let_time_pass()
    for preset in near.case.passing:
        near.far.faults.clear()
        near.far.faults.add(near.case.read_route, preset=preset, times=1)
        names, _ = await near.everything()
        assert names.keys() == set(ids), preset


async def test_a_refusal_means_what_its_system_means_by_it(near: Near) -> None:
    near.far.add("Company")
    await near.let_time_pass()
    for preset, meaning in near.case.refusals.items():
        near.far.faults.clear()
        near.far.faults.add(near.case.read_route, preset=preset, times=None)
        with pytest.raises(SystemTrouble) as refused:
            await near.everything()
        assert refused.value.trouble.meaning == meaning, preset
        assert refused.value.trouble.detail, preset


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, "[7]"), (200, "{}"), (200, '{"files": 3, "records": 3}'), (200, "nonsense"),
     (302, ""), (418, "{}"), (500, ""), (204, "")],
)  # fmt: skip
async def test_an_unknown_answer_never_passes_for_rows(near: Near, status: int, body: str) -> None:
    near.far.add("Company")
    await near.let_time_pass()
    near.far.faults.add(
        near.case.read_route,
        kind="reply",
        status=status,
        headers={"Content-Type": "application/json"},
        body=body,
        times=None,
    )
    with pytest.raises(SystemTrouble) as refused:
        await near.everything()
    assert refused.value.trouble.detail


async def test_trouble_between_pages_loses_no_row(near: Near) -> None:
    near.far.small_pages()
    for number in range(9):
        near.far.add(f"Company {number}")
    await near.let_time_pass()
    refusal = next(iter(near.case.refusals))
    near.far.faults.add(near.case.read_route, preset=refusal, first=2, times=1)
    rows: list[Row] = []
    checkpoint = None
    try:
        async for page in near.connector.read(near.link, near.stream, None, "backfill"):
            rows += page.rows
            checkpoint = page.checkpoint
    except SystemTrouble:
        near.far.faults.clear()
        rows += rows_of(await near.pages(checkpoint, "backfill"))
    assert names_of(near, rows) == near.far.names()


async def test_a_path_that_leads_to_another_host_is_not_followed(near: Near) -> None:
    for path in ("https://evil.example/", "@evil.example/", ".evil.example/"):
        with pytest.raises(SystemTrouble):
            await near.link.get(path)


async def test_a_secret_shows_in_no_error_and_no_text(near: Near) -> None:
    session = await near.link._sessions.current()
    shown = repr(session)
    assert session.grant.access_token not in shown
    assert near.far.secret not in shown
    for preset in near.case.refusals:
        near.far.faults.clear()
        near.far.faults.add(near.case.read_route, preset=preset, times=None)
        with pytest.raises(SystemTrouble) as refused:
            await near.everything()
        assert session.grant.access_token not in str(refused.value)
    hidden = {each.name for each in fields(Grant) if not each.repr}
    assert hidden == {"access_token", "refresh_token"}

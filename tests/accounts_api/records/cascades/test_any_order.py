"""After any deletions, merges and links, all ways to ask agree with what the guide says."""

import pytest

from accounts_api.records.cascades import service
from tests.accounts_api.records.cascades.worlds import START, World
from tests.harness import Tenure


@pytest.mark.parametrize(("seed", "piece"), [(26, 500), (39, 1)])
async def test_all_ways_to_ask_agree_on_what_is_there(
    tenure: Tenure, monkeypatch: pytest.MonkeyPatch, seed: int, piece: int
) -> None:
    monkeypatch.setattr(service, "PIECE", piece)
    world = World(tenure, await tenure.workspace(frozen_at=START), seed)
    await world.begin()
    for turn in range(18):
        await world.act()
        await tenure.settle()
        if turn % 6 == 5:
            await world.agrees()
    await world.past_agrees()

"""Renewals of a fresh workspace, and the outside world of mail on sockets of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.harness import Tenure
from tests.sequencer.renewals import TODAY, Renewals
from tests.simulators.mail import MailSimulator

RESOLVED_BUT_NOT_HELD = text(
    """
    select message_id from (
        select payload ->> 'message_id' as message_id,
               sum(case when name = 'sequences.message_held.v1' then 1 else -1 end)
                 over (partition by payload ->> 'message_id' order by xid, seq) as open
        from events
        where workspace_id = :workspace_id
          and name in ('sequences.message_held.v1', 'sequences.message_resolved.v1')
    ) told where open < 0
    """
)
"""Mails whose `message_resolved` ended no `message_held` before it, whatever the story was."""


@pytest.fixture
async def renewals(tenure: Tenure, tmp_path: Path) -> AsyncIterator[Renewals]:
    async with MailSimulator(tmp_path / "mail") as mail:
        ws = await tenure.workspace(frozen_at=TODAY)
        yield Renewals(tenure, ws, mail)
        async with tenure.workers["sequencer"].units.begin(ws.id, (), read_only=True) as uow:
            untold = await uow.values(str, RESOLVED_BUT_NOT_HELD)
        assert untold == [], "resolved, and nobody was told that they are held"

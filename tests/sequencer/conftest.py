"""Renewals of a fresh workspace, and the outside world of mail on sockets of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.harness import Tenure
from tests.sequencer.renewals import TODAY, Renewals
from tests.simulators.mail import MailSimulator


@pytest.fixture
async def renewals(tenure: Tenure, tmp_path: Path) -> AsyncIterator[Renewals]:
    async with MailSimulator(tmp_path / "mail") as mail:
        ws = await tenure.workspace(frozen_at=TODAY)
        yield Renewals(tenure, ws, mail)

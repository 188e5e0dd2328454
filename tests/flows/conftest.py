from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.flows.story import BEGIN, Story
from tests.harness import Tenure
from tests.simulators.mail import MailSimulator
from tests.simulators.salesforce.server import SalesforceSimulator

_ACCOUNTS = 34
"""The awkward ones, and a handful of ordinary renewals that are due soon."""


@pytest.fixture
async def story(tenure: Tenure, tmp_path: Path) -> AsyncIterator[Story]:
    """Salesforce and the mail world beside a workspace that knows nothing yet."""
    async with (
        SalesforceSimulator(accounts=_ACCOUNTS, now=BEGIN) as sf,
        MailSimulator(tmp_path / "mail") as mail,
    ):
        mail.clock.set(BEGIN)
        made = Story(tenure, await tenure.workspace(frozen_at=BEGIN), sf, mail)
        yield made
        await made.end()

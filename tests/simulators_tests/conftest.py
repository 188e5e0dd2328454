from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.simulators.mail import (
    MailSimulator,
)
from tests.simulators_tests.mail_client import ANA, PASSWORD


@pytest_asyncio.fixture
async def mail(tmp_path: Path) -> AsyncIterator[MailSimulator]:
    async with MailSimulator(tmp_path, mailboxes={ANA: PASSWORD}) as simulator:
        yield simulator

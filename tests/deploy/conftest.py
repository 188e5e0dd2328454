"""Folders outside pytest's own, which other accounts may not enter."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.desk.servers import remove_state


@pytest.fixture
def state_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tenure-test-"))
    yield folder
    remove_state(folder)

"""Every feature's tables in one import, for Alembic."""

from sequencer.db import FOUNDATION, Base

__all__ = ["FOUNDATION", "Base"]

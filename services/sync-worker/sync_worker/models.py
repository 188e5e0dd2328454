"""Every feature's tables in one import, for Alembic."""

from sync_worker.db import FOUNDATION, Base

__all__ = ["FOUNDATION", "Base"]

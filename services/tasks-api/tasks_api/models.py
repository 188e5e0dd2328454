"""Every feature's tables in one import, for Alembic."""

from tasks_api.db import FOUNDATION, Base

__all__ = ["FOUNDATION", "Base"]

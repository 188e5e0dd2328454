"""Every feature's tables in one import, for Alembic."""

from accounts_api.db import FOUNDATION, Base

__all__ = ["FOUNDATION", "Base"]

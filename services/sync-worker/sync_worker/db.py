"""The sync worker's own schema."""

from sqlalchemy.orm import DeclarativeBase

from shared.calendars import calendar_copies
from shared.db import service_metadata
from shared.foundation import foundation
from shared.keys import former_keys


class Base(DeclarativeBase):
    metadata = service_metadata("sync")


FOUNDATION = foundation(Base.metadata)
CALENDARS = calendar_copies(Base.metadata)
FORMER_KEYS = former_keys(Base.metadata)

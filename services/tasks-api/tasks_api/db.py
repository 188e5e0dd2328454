"""The tasks service's own schema."""

from sqlalchemy.orm import DeclarativeBase

from shared.calendars import calendar_copies
from shared.db import service_metadata
from shared.foundation import foundation
from shared.held_work import held_work


class Base(DeclarativeBase):
    metadata = service_metadata("tasks")


FOUNDATION = foundation(Base.metadata)
CALENDARS = calendar_copies(Base.metadata)
HELD_WORK = held_work(Base.metadata)

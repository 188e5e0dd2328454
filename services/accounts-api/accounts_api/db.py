"""The accounts service's own schema."""

from sqlalchemy.orm import DeclarativeBase

from shared.db import service_metadata
from shared.foundation import foundation
from shared.held_work import held_work
from shared.keys import former_keys


class Base(DeclarativeBase):
    metadata = service_metadata("accounts")


FOUNDATION = foundation(Base.metadata)
HELD_WORK = held_work(Base.metadata)
FORMER_KEYS = former_keys(Base.metadata)

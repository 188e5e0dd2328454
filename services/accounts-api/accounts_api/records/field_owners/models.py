from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from accounts_api.db import Base


class FieldOwner(Base):
    """A connection, and the fields that it writes on records that came from its system. Of one that
    was removed the row stays, without fields.
    """

    __tablename__ = "field_owners"

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    system: Mapped[str] = mapped_column(Text, comment="the `source` of its records")
    title: Mapped[str] = mapped_column(Text)
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="lists of fields by record type")
    version: Mapped[int] = mapped_column(Integer)

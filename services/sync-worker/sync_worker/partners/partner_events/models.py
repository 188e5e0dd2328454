from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Identity,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

from shared.columns import AT, NOW, workspace_key
from shared.foundation import Xid8
from sync_worker.db import Base

# Facts as partners see them, in the order in which we learned them. `data` and `cause` leave as
# they were written: they are JSON text that nobody searches.
partner_events = Table(
    "partner_events",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False, comment="of the event that a service published"),
    Column("xid", Xid8(), nullable=False, server_default=text("pg_current_xact_id()")),
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    Column("type", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Column("cause", JSON, nullable=False),
    Column("quiet_batch_id", Uuid, comment="the batch under which it is quiet"),
    Column("occurred_at", AT, nullable=False),
    Column("recorded_at", AT, nullable=False, server_default=NOW),
    PrimaryKeyConstraint("workspace_id", "id"),
)
_c = partner_events.c
Index("ix_partner_events_feed", _c.workspace_id, _c.xid, _c.seq)
Index(None, _c.workspace_id, _c.recorded_at)
Index("ix_partner_events_age", _c.recorded_at, postgresql_using="brin")

# Whoever has not read a workspace's feed up to here missed some of it.
partner_feed_floors = Table(
    "partner_feed_floors",
    Base.metadata,
    workspace_key(),
    Column("xid", Xid8(), nullable=False),
    Column("seq", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace_id"),
    comment="last event that is no longer kept",
)

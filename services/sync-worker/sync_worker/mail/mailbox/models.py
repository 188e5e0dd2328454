from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.columns import AT, NOW, workspace_key
from sync_worker.connections.models import of_connection
from sync_worker.db import Base

# How far a folder has been read. Numbers of mails hold only under their `uid_validity`; when the
# server changes that, all of them are void.
mail_folders = Table(
    "mail_folders",
    Base.metadata,
    workspace_key(),
    Column("connection_id", Uuid, nullable=False),
    Column("folder", Text, nullable=False),
    Column("uid_validity", BigInteger, nullable=False),
    Column("next_uid", BigInteger, nullable=False, comment="the first that we have not dealt with"),
    Column("server_next_uid", BigInteger, nullable=False),
    Column(
        "history_until_uid",
        BigInteger,
        nullable=False,
        comment="mails before it were there before we looked",
    ),
    Column("counts", JSONB, nullable=False, server_default="{}"),
    Column("updated_at", AT, nullable=False, server_default=NOW),
    PrimaryKeyConstraint("workspace_id", "connection_id"),
    of_connection(),
)

# Mails that have had their effect, and what they were.
mails_seen = Table(
    "mails_seen",
    Base.metadata,
    workspace_key(),
    Column("connection_id", Uuid, nullable=False),
    Column("uid_validity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False, autoincrement=False),
    Column(
        "fingerprint",
        LargeBinary,
        nullable=False,
        comment="of Message-ID and body: the same mail under another uid has no second effect",
    ),
    Column("kind", Text, nullable=False),
    Column("message_id", Text),
    Column("seen_at", AT, nullable=False, server_default=NOW),
    PrimaryKeyConstraint("workspace_id", "connection_id", "uid_validity", "uid"),
    UniqueConstraint(
        "workspace_id", "connection_id", "fingerprint", name="uq_mails_seen_fingerprint"
    ),
    of_connection(),
)
Index(None, mails_seen.c.seen_at)

# Mails that could not be read. The mails after them were.
rejected_mails = Table(
    "rejected_mails",
    Base.metadata,
    workspace_key(),
    Column("connection_id", Uuid, nullable=False),
    Column("uid_validity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False, autoincrement=False),
    Column("arrived_at", AT, nullable=False),
    Column("reason", Text, nullable=False),
    Column("rejected_at", AT, nullable=False, server_default=NOW),
    Column("asked_at", AT, comment="since when a person wants it read again"),
    PrimaryKeyConstraint("workspace_id", "connection_id", "uid_validity", "uid"),
    of_connection(),
)

# Whom we know by which address: mail of strangers is nobody's business.
contact_addresses = Table(
    "contact_addresses",
    Base.metadata,
    workspace_key(),
    Column("contact_id", Uuid, nullable=False),
    Column("address", Text, comment="as shared.mail.addresses makes the key; null once deleted"),
    Column("version", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace_id", "contact_id"),
)
Index(None, contact_addresses.c.workspace_id, contact_addresses.c.address)

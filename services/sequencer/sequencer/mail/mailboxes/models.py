"""Addresses that sequences send from, each with the account at its SMTP server.

The password is sealed to its row and leaves the service in an AUTH command only.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import BYTEA

from sequencer.db import Base
from shared.columns import stamps, workspace_key

mailboxes = Table(
    "mailboxes",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    Column("member_id", Uuid),
    Column("email", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("smtp_host", Text, nullable=False),
    Column("smtp_port", BigInteger, nullable=False),
    Column("smtp_tls", Text, nullable=False),
    Column("smtp_username", Text),
    Column("smtp_password", BYTEA),
    Column("daily_cap", BigInteger, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'active'")),
    Column("pause_reason", Text),
    Column("spent_on", Date),
    Column(
        "spent",
        BigInteger,
        nullable=False,
        server_default=text("0"),
        comment="mails handed over on spent_on, a day of the workspace",
    ),
    *stamps(),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "address"),
    CheckConstraint("smtp_tls in ('implicit', 'starttls', 'opportunistic')", name="smtp_tls"),
    CheckConstraint("state in ('active', 'paused')", name="state"),
    Index(None, "workspace_id", "member_id"),
)

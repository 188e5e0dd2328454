from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from accounts_api.db import Base
from accounts_api.signals.indicators.rules import CHANGES, STATES
from shared.columns import AT, created, versioned, workspace_key

_LIVE: Final = text("state <> 'cleared'")
_STATE: Final = f"state in {STATES}"
_CLEARED_BY: Final = "cleared_by in ('rule', 'person', 'deleted', 'merged', 'archived')"


def _of_definition() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["workspace_id", "definition_id"],
        ["accounts.indicator_definitions.workspace_id", "accounts.indicator_definitions.id"],
    )


indicators = Table(
    "indicators",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("definition_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("record_type", Text, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("account_id", Uuid, comment="the account that it is counted for"),
    Column("cause", Text, nullable=False, comment="of one cause a record has one that is live"),
    Column("state", Text, nullable=False),
    Column("owner_id", Uuid),
    Column(
        "owner_by_hand",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="a person chose the owner: it follows the key role no more",
    ),
    Column("opened_by", Text, nullable=False),
    Column("opened_at", AT, nullable=False, comment="workspace time"),
    Column("reason", JSONB(none_as_null=True), comment="what its rule found when it opened"),
    Column("note", Text, comment="what was said last, by whoever changed its state"),
    Column("silenced_until", AT, comment="workspace time"),
    Column("addressed_at", AT),
    Column("addressed_by", Uuid),
    Column("cleared_at", AT),
    Column("cleared_by", Text),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    _of_definition(),
    CheckConstraint("kind in ('risk', 'opportunity')", name="kind"),
    CheckConstraint("record_type in ('account', 'opportunity', 'contact')", name="record_type"),
    CheckConstraint(_STATE, name="state"),
    CheckConstraint("opened_by in ('rule', 'person')", name="opened_by"),
    CheckConstraint(_CLEARED_BY, name="cleared_by"),
    CheckConstraint("(state = 'cleared') = (cleared_by is not null)", name="cleared"),
    CheckConstraint("(state = 'silenced') = (silenced_until is not null)", name="silenced"),
    Index(
        "uq_indicators_live",
        "workspace_id",
        "definition_id",
        "record_id",
        "cause",
        unique=True,
        postgresql_where=_LIVE,
    ),
    Index("ix_indicators_past", "workspace_id", "definition_id", "record_id", "cause"),
    Index("ix_indicators_record", "workspace_id", "record_id"),
    Index("ix_indicators_account", "workspace_id", "account_id", "severity", "opened_at"),
    Index("ix_indicators_owner", "workspace_id", "owner_id", postgresql_where=_LIVE),
    Index(
        "ix_indicators_list",
        "workspace_id",
        text("severity desc"),
        text("opened_at desc"),
        text("id desc"),
        postgresql_where=_LIVE,
    ),
)
indicator_changes = Table(
    "indicator_changes",
    Base.metadata,
    workspace_key(),
    Column("indicator_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False, comment="of the indicator, by this change"),
    Column("change", Text, nullable=False),
    Column("state", Text, nullable=False, comment="after the change, as are the next ones"),
    Column("record_id", Uuid, nullable=False),
    Column("account_id", Uuid),
    Column("owner_id", Uuid),
    Column("silenced_until", AT),
    Column("cleared_by", Text),
    Column("note", Text),
    Column("effective_at", AT, nullable=False, comment="workspace time"),
    Column("cause", JSONB, nullable=False),
    created(),
    PrimaryKeyConstraint("workspace_id", "indicator_id", "version"),
    ForeignKeyConstraint(
        ["workspace_id", "indicator_id"],
        ["accounts.indicators.workspace_id", "accounts.indicators.id"],
    ),
    CheckConstraint(f"change in {CHANGES}", name="change"),
    CheckConstraint(_STATE, name="state"),
    CheckConstraint(_CLEARED_BY, name="cleared_by"),
)
indicator_holds = Table(
    "indicator_holds",
    Base.metadata,
    workspace_key(),
    Column("definition_id", Uuid, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("since", AT, nullable=False, comment="workspace time from which the rule has held"),
    Column("quiet", Boolean, nullable=False),
    PrimaryKeyConstraint("workspace_id", "definition_id", "record_id"),
    _of_definition(),
    comment="records for which a rule holds, but not long enough yet",
)
indicator_counts = Table(
    "indicator_counts",
    Base.metadata,
    workspace_key(),
    Column("record_id", Uuid, nullable=False),
    Column("record_type", Text, nullable=False),
    Column("risks", Integer, nullable=False),
    Column("opportunities", Integer, nullable=False),
    PrimaryKeyConstraint("workspace_id", "record_id"),
    comment="open indicators of a record; one without a row has none",
)

__all__ = ["indicator_changes", "indicator_counts", "indicator_holds", "indicators"]

"""Indicators: what is one, those that there are, what became of them, and what is counted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrations import enable_rls

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

APP = "tenure_accounts"
TABLES = (
    "indicator_definitions",
    "indicators",
    "indicator_changes",
    "indicator_holds",
    "indicator_counts",
)


def upgrade() -> None:
    op.create_table(
        "indicator_counts",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("record_type", sa.Text(), nullable=False),
        sa.Column("risks", sa.Integer(), nullable=False),
        sa.Column("opportunities", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "record_id", name=op.f("pk_indicator_counts")),
        schema="accounts",
        comment="open indicators of a record; one without a row has none",
    )
    op.create_table(
        "indicator_definitions",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("record_type", sa.Text(), nullable=False),
        sa.Column(
            "rule",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
            comment="null: opened by hand alone",
        ),
        sa.Column("owner_key_role", sa.Text(), nullable=True),
        sa.Column(
            "hold_minutes",
            sa.Integer(),
            nullable=True,
            comment="how long the rule must hold before it opens",
        ),
        sa.Column(
            "reopen_after_days",
            sa.Integer(),
            nullable=True,
            comment="when it comes back sooner, it is the same one",
        ),
        sa.Column(
            "call_to_action",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
        ),
        sa.Column(
            "quiet",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="whether what the last new rule found at once calls for nothing",
        ),
        sa.Column(
            "faults",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
            comment="why the rule cannot be used any more",
        ),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind in ('risk', 'opportunity')", name=op.f("ck_indicator_definitions_kind")
        ),
        sa.CheckConstraint(
            "record_type in ('account', 'opportunity', 'contact')",
            name=op.f("ck_indicator_definitions_record_type"),
        ),
        sa.CheckConstraint(
            "severity between 1 and 4", name=op.f("ck_indicator_definitions_severity")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_indicator_definitions")),
        schema="accounts",
    )
    op.create_index(
        "uq_indicator_definitions_workspace_id_key",
        "indicator_definitions",
        ["workspace_id", "key"],
        unique=True,
        schema="accounts",
        postgresql_where=sa.text("archived_at is null"),
    )
    op.create_index(
        "uq_indicator_definitions_workspace_id_title",
        "indicator_definitions",
        ["workspace_id", "title"],
        unique=True,
        schema="accounts",
        postgresql_where=sa.text("archived_at is null"),
    )
    op.create_table(
        "indicator_holds",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("definition_id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column(
            "since",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="workspace time from which the rule has held",
        ),
        sa.Column("quiet", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "definition_id"],
            ["accounts.indicator_definitions.workspace_id", "accounts.indicator_definitions.id"],
            name=op.f("fk_indicator_holds_workspace_id_definition_id_indicator_definitions"),
        ),
        sa.PrimaryKeyConstraint(
            "workspace_id", "definition_id", "record_id", name=op.f("pk_indicator_holds")
        ),
        schema="accounts",
        comment="records for which a rule holds, but not long enough yet",
    )
    op.create_table(
        "indicators",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("definition_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("record_type", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column(
            "account_id", sa.Uuid(), nullable=True, comment="the account that it is counted for"
        ),
        sa.Column(
            "cause", sa.Text(), nullable=False, comment="of one cause a record has one that is live"
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column(
            "owner_by_hand",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="a person chose the owner: it follows the key role no more",
        ),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column(
            "opened_at", sa.DateTime(timezone=True), nullable=False, comment="workspace time"
        ),
        sa.Column(
            "reason",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
            comment="what its rule found when it opened",
        ),
        sa.Column(
            "note",
            sa.Text(),
            nullable=True,
            comment="what was said last, by whoever changed its state",
        ),
        sa.Column(
            "silenced_until", sa.DateTime(timezone=True), nullable=True, comment="workspace time"
        ),
        sa.Column("addressed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("addressed_by", sa.Uuid(), nullable=True),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cleared_by", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(state = 'cleared') = (cleared_by is not null)", name=op.f("ck_indicators_cleared")
        ),
        sa.CheckConstraint(
            "(state = 'silenced') = (silenced_until is not null)",
            name=op.f("ck_indicators_silenced"),
        ),
        sa.CheckConstraint(
            "cleared_by in ('rule', 'person', 'deleted', 'merged', 'archived')",
            name=op.f("ck_indicators_cleared_by"),
        ),
        sa.CheckConstraint("kind in ('risk', 'opportunity')", name=op.f("ck_indicators_kind")),
        sa.CheckConstraint("opened_by in ('rule', 'person')", name=op.f("ck_indicators_opened_by")),
        sa.CheckConstraint(
            "record_type in ('account', 'opportunity', 'contact')",
            name=op.f("ck_indicators_record_type"),
        ),
        sa.CheckConstraint(
            "state in ('open', 'addressed', 'silenced', 'cleared')",
            name=op.f("ck_indicators_state"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "definition_id"],
            ["accounts.indicator_definitions.workspace_id", "accounts.indicator_definitions.id"],
            name=op.f("fk_indicators_workspace_id_definition_id_indicator_definitions"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_indicators")),
        schema="accounts",
    )
    op.create_index(
        "ix_indicators_account",
        "indicators",
        ["workspace_id", "account_id", "severity", "opened_at"],
        unique=False,
        schema="accounts",
    )
    op.create_index(
        "ix_indicators_list",
        "indicators",
        [
            "workspace_id",
            sa.literal_column("severity desc"),
            sa.literal_column("opened_at desc"),
            sa.literal_column("id desc"),
        ],
        unique=False,
        schema="accounts",
        postgresql_where=sa.text("state <> 'cleared'"),
    )
    op.create_index(
        "ix_indicators_owner",
        "indicators",
        ["workspace_id", "owner_id"],
        unique=False,
        schema="accounts",
        postgresql_where=sa.text("state <> 'cleared'"),
    )
    op.create_index(
        "ix_indicators_past",
        "indicators",
        ["workspace_id", "definition_id", "record_id", "cause"],
        unique=False,
        schema="accounts",
    )
    op.create_index(
        "ix_indicators_record",
        "indicators",
        ["workspace_id", "record_id"],
        unique=False,
        schema="accounts",
    )
    op.create_index(
        "uq_indicators_live",
        "indicators",
        ["workspace_id", "definition_id", "record_id", "cause"],
        unique=True,
        schema="accounts",
        postgresql_where=sa.text("state <> 'cleared'"),
    )
    op.create_table(
        "indicator_changes",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("indicator_id", sa.Uuid(), nullable=False),
        sa.Column(
            "version", sa.Integer(), nullable=False, comment="of the indicator, by this change"
        ),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column(
            "state", sa.Text(), nullable=False, comment="after the change, as are the next ones"
        ),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("silenced_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cleared_by", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "effective_at", sa.DateTime(timezone=True), nullable=False, comment="workspace time"
        ),
        sa.Column("cause", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "change in ('opened', 'reopened', 'addressed', 'silenced', 'cleared', 'reassigned',"
            " 'moved')",
            name=op.f("ck_indicator_changes_change"),
        ),
        sa.CheckConstraint(
            "cleared_by in ('rule', 'person', 'deleted', 'merged', 'archived')",
            name=op.f("ck_indicator_changes_cleared_by"),
        ),
        sa.CheckConstraint(
            "state in ('open', 'addressed', 'silenced', 'cleared')",
            name=op.f("ck_indicator_changes_state"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "indicator_id"],
            ["accounts.indicators.workspace_id", "accounts.indicators.id"],
            name=op.f("fk_indicator_changes_workspace_id_indicator_id_indicators"),
        ),
        sa.PrimaryKeyConstraint(
            "workspace_id", "indicator_id", "version", name=op.f("pk_indicator_changes")
        ),
        schema="accounts",
    )
    for table in TABLES:
        enable_rls(table, app_role=APP)


def downgrade() -> None:
    for table in ("changes", "holds", "counts"):
        op.drop_table(f"indicator_{table}", schema="accounts")
    op.drop_table("indicators", schema="accounts")
    op.drop_table("indicator_definitions", schema="accounts")

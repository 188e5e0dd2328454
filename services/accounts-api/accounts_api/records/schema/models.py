"""The tables of the customer records. Statements are Core: records never become ORM objects."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from accounts_api.db import Base
from shared.columns import AT, NOW, created, versioned, workspace_key


def _refers(column: str, table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["workspace_id", column], [f"accounts.{table}.workspace_id", f"accounts.{table}.id"]
    )


def _computed_version() -> Column[Any]:
    comment = "counts changes of what no client can write; version counts all others"
    return Column(
        "computed_version", Integer, nullable=False, server_default=text("0"), comment=comment
    )


def _record(table: str, *columns: Column[Any], constraints: tuple[Any, ...] = ()) -> Table:
    """A table of records: deleting leaves a tombstone, which keeps its `external_id`."""
    return Table(
        table,
        Base.metadata,
        workspace_key(),
        Column("id", Uuid, nullable=False),
        Column("external_id", Text),
        Column("source", Text),
        *columns,
        Column("traits", JSONB, nullable=False, server_default=text("'{}'")),
        Column("search_text", Text, comment="folded words, each after a space"),
        *versioned(),
        _computed_version(),
        Column("deleted_at", AT),
        PrimaryKeyConstraint("workspace_id", "id"),
        UniqueConstraint("workspace_id", "external_id"),
        *constraints,
    )


organizations = _record(
    "organizations", Column("name", Text, nullable=False), Column("domain", Text)
)
accounts = _record(
    "accounts",
    Column("organization_id", Uuid),
    Column("name", Text, nullable=False),
    Column("domain", Text),
    Column("arr", BigInteger, comment="minor units of currency"),
    Column("currency", String(3)),
    Column("lifecycle_status", Text, nullable=False, server_default="subscribed"),
    Column("lifecycle_status_since", AT),
    Column("time_zone", Text),
    Column("country", Text),
    constraints=(
        _refers("organization_id", "organizations"),
        CheckConstraint(
            "lifecycle_status in ('subscribed', 'trial', 'churned', 'ignored')",
            name="lifecycle_status",
        ),
    ),
)
contacts = _record(
    "contacts",
    Column("name", Text, nullable=False),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("email", Text),
    Column("email_key", Text, comment="as shared.mail.addresses makes it: same mailbox, same key"),
    Column("phone", Text),
    Column("title", Text),
    Column("time_zone", Text),
    Column("email_status", Text, nullable=False, server_default="ok"),
    Column("deactivated_at", AT),
    constraints=(
        CheckConstraint(
            "email_status in ('ok', 'bounced', 'unsubscribed', 'complained')", name="email_status"
        ),
    ),
)
opportunities = _record(
    "opportunities",
    Column("account_id", Uuid),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("stage", Text),
    Column("is_closed", Boolean, nullable=False, server_default=text("false")),
    Column("is_won", Boolean, nullable=False, server_default=text("false")),
    Column("close_date", Date),
    Column("contract_start", Date),
    Column("contract_expiration", Date, comment="the first day without a contract"),
    Column("arr", BigInteger, comment="minor units of currency"),
    Column("currency", String(3)),
    Column("deal_room_url", Text),
    Column(
        "manually_enter_renewal_sequence", Boolean, nullable=False, server_default=text("false")
    ),
    Column("renewal_sequence_status", Text),
    Column("renewal_sequence_status_at", AT),
    constraints=(
        _refers("account_id", "accounts"),
        CheckConstraint(
            "type in ('renewal', 'expansion', 'new_business', 'product_swap')", name="type"
        ),
    ),
)

object_types = Table(
    "object_types",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("key", Text, nullable=False),
    Column("plural_key", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("plural_title", Text, nullable=False),
    Column("description", Text),
    Column("archived", Boolean, nullable=False, server_default=text("false")),
    Column("deleted_at", AT, comment="set while instances are still being deleted"),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "key"),
    UniqueConstraint("workspace_id", "plural_key"),
)
object_type_links = Table(
    "object_type_links",
    Base.metadata,
    workspace_key(),
    Column("object_type_id", Uuid, nullable=False),
    Column("record_type", Text, nullable=False, comment="what instances may belong to"),
    Column("reverse", Text, nullable=False, comment="how rules call the instances from there"),
    PrimaryKeyConstraint("workspace_id", "object_type_id", "record_type"),
    UniqueConstraint("workspace_id", "record_type", "reverse"),
    ForeignKeyConstraint(
        ["workspace_id", "object_type_id"],
        ["accounts.object_types.workspace_id", "accounts.object_types.id"],
        ondelete="CASCADE",
    ),
    CheckConstraint(
        "record_type in ('organization', 'account', 'contact', 'opportunity')", name="record_type"
    ),
)
objects = Table(
    "objects",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("object_type_id", Uuid, nullable=False),
    Column("external_id", Text),
    Column("source", Text),
    Column("organization_id", Uuid),
    Column("account_id", Uuid),
    Column("contact_id", Uuid),
    Column("opportunity_id", Uuid),
    Column("name", Text, nullable=False),
    Column("traits", JSONB, nullable=False, server_default=text("'{}'")),
    Column("search_text", Text, comment="folded words, each after a space"),
    *versioned(),
    _computed_version(),
    Column("deleted_at", AT),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "object_type_id", "external_id"),
    ForeignKeyConstraint(
        ["workspace_id", "object_type_id"],
        ["accounts.object_types.workspace_id", "accounts.object_types.id"],
    ),
    _refers("organization_id", "organizations"),
    _refers("account_id", "accounts"),
    _refers("contact_id", "contacts"),
    _refers("opportunity_id", "opportunities"),
)

_LIVE = text("deleted_at is null")
for _table in (organizations, accounts, contacts, opportunities):
    Index(None, _table.c.workspace_id, _table.c.name, _table.c.id, postgresql_where=_LIVE)
for _table in (organizations, accounts, contacts, opportunities, objects):
    Index(
        None, _table.c.traits, postgresql_using="gin", postgresql_ops={"traits": "jsonb_path_ops"}
    )
    Index(
        None,
        _table.c.search_text,
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
    )
for _keys in (("id",), ("name", "id")):
    _sorted = (objects.c[_key] for _key in ("workspace_id", "object_type_id", *_keys))
    Index(None, *_sorted, postgresql_where=_LIVE)
for _parent in ("organization_id", "account_id", "contact_id", "opportunity_id"):
    Index(
        None,
        objects.c.workspace_id,
        objects.c[_parent],
        objects.c.object_type_id,
        postgresql_where=text(f"{_parent} is not null"),
    )
for _table in (accounts, opportunities):
    Index(None, _table.c.workspace_id, _table.c.arr, _table.c.id, postgresql_where=_LIVE)
Index(None, accounts.c.workspace_id, accounts.c.organization_id)
Index(None, contacts.c.workspace_id, contacts.c.email_key)
Index(None, opportunities.c.workspace_id, opportunities.c.account_id)
Index(
    None,
    opportunities.c.workspace_id,
    opportunities.c.contract_expiration,
    opportunities.c.id,
    postgresql_where=_LIVE,
)

TABLES: Final[Mapping[str, Table]] = {
    "organization": organizations,
    "account": accounts,
    "contact": contacts,
    "opportunity": opportunities,
    "object": objects,
}
"""By the record type of the schema whose statements serve."""

account_contacts = Table(
    "account_contacts",
    Base.metadata,
    workspace_key(),
    Column("account_id", Uuid, nullable=False),
    Column("contact_id", Uuid, nullable=False),
    Column("plan_roles", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    created(),
    PrimaryKeyConstraint("workspace_id", "account_id", "contact_id"),
    _refers("account_id", "accounts"),
    _refers("contact_id", "contacts"),
)
Index(None, account_contacts.c.workspace_id, account_contacts.c.contact_id)

trait_definitions = Table(
    "trait_definitions",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("record_type", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("type", Text, nullable=False),
    Column("options", JSONB(none_as_null=True)),
    Column("depends_on", Text, comment="key of the select that narrows the options"),
    Column("currency", String(3)),
    Column("required", Boolean, nullable=False, server_default=text("false")),
    Column("minimum", Numeric),
    Column("maximum", Numeric),
    Column("pattern", Text, comment="RE2, matched against the whole value"),
    Column("default", JSONB(none_as_null=True)),
    Column("editable_by", Text, nullable=False, server_default="everyone"),
    Column("source", Text, nullable=False, server_default="custom"),
    Column("deprecated", Boolean, nullable=False, server_default=text("false")),
    Column(
        "formula",
        Text,
        comment="the formula language, as it prints; null for a trait that is written",
    ),
    Column("result_type", Text, comment="the type of the values that the formula gives"),
    Column(
        "faults",
        JSONB(none_as_null=True),
        comment="why the formula cannot be worked out any more: values stand still",
    ),
    Column("deleted_at", AT, comment="set while values are still being cleared"),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "record_type", "key"),
    CheckConstraint(
        "type in ('string', 'text', 'number', 'boolean', 'date', 'datetime', 'currency', 'select',"
        " 'multi_select', 'url', 'email', 'member', 'contact', 'formula')",
        name="type",
    ),
    CheckConstraint(
        "(type = 'formula') = (formula is not null)"
        " and (type = 'formula') = (result_type is not null)",
        name="formula",
    ),
    CheckConstraint(
        "editable_by in ('everyone', 'leaders', 'admins', 'source')", name="editable_by"
    ),
)

record_aliases = Table(
    "record_aliases",
    Base.metadata,
    workspace_key(),
    Column("record_type", Text, nullable=False),
    Column("loser_id", Uuid, nullable=False),
    Column("winner_id", Uuid, nullable=False),
    Column("merged_at", AT, nullable=False, server_default=NOW),
    PrimaryKeyConstraint("workspace_id", "record_type", "loser_id"),
)
Index(
    None,
    record_aliases.c.workspace_id,
    record_aliases.c.record_type,
    record_aliases.c.winner_id,
)

field_changes = Table(
    "field_changes",
    Base.metadata,
    workspace_key(),
    Column("record_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("record_type", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("old", JSONB(none_as_null=True)),
    Column("new", JSONB(none_as_null=True)),
    Column("valid_from", AT, nullable=False, comment="when it became true: workspace time"),
    Column("known_at", AT, nullable=False, comment="when we learned it: machine time"),
    Column(
        "late",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="the field was known to become something else afterwards",
    ),
    Column("cause", JSONB, nullable=False),
    PrimaryKeyConstraint("workspace_id", "record_id", "id", "known_at"),
    postgresql_partition_by="range (known_at)",
)
_CHANGE = field_changes.c
Index("ix_field_changes_time", _CHANGE.known_at, _CHANGE.valid_from, postgresql_using="brin")
Index(
    "ix_field_changes_late",
    *(_CHANGE.workspace_id, _CHANGE.record_type, _CHANGE.record_id, _CHANGE.field),
    postgresql_where=text("late"),
)
Index(
    "ix_field_changes_parents",
    *(_CHANGE.workspace_id, _CHANGE.record_type, _CHANGE.field),
    postgresql_where=text(
        "field in ('organization_id', 'account_id', 'contact_id', 'opportunity_id')"
    ),
)
Index(
    "ix_field_changes_links",
    literal_column("(coalesce(old, '[]') || coalesce(new, '[]'))").label("links"),
    postgresql_using="gin",
    postgresql_ops={"links": "jsonb_path_ops"},
    postgresql_where=text("field = 'accounts'"),
    _table=field_changes,
)

__all__ = [
    "account_contacts",
    "accounts",
    "contacts",
    "field_changes",
    "object_type_links",
    "object_types",
    "objects",
    "opportunities",
    "organizations",
    "record_aliases",
    "trait_definitions",
]

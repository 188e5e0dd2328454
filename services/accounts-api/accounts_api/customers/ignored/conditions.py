"""Records that leave lists with an ignored account: what `language.rules.ignored` says, as the SQL
that is quickest. Beside a row: a page wants a few dozen rows in the order of an index, and a query
of one value is looked up for each of them, whatever the statistics say. In bulk: a count looks at
every row, and so does any list of the past, whose tables have no index; there PostgreSQL joins.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Join,
    and_,
    column,
    exists,
    func,
    literal_column,
    or_,
    select,
    table,
)

from accounts_api.language.rules.ignored import IGNORED, beyond_ignored
from accounts_api.records.schema.record_schemas import (
    ACCOUNT,
    CONTACT,
    OPPORTUNITY,
    ORGANIZATION,
    RECORD_SCHEMAS,
    RecordSchema,
)
from shared.rules.syntax import nodes as n

# By their bare names, which stand for the tables of the past in a list of the past.
_links = table(
    "account_contacts", *(column(name) for name in ("workspace_id", "account_id", "contact_id"))
)
_OF_OWNERS = ("workspace_id", "id", "deleted_at")
_owners = {
    schema.record_type: table(schema.table, *map(column, (*_OF_OWNERS, *more)))
    for schema, more in (
        (ORGANIZATION, ()),
        (ACCOUNT, ("lifecycle_status",)),
        (CONTACT, ()),
        (OPPORTUNITY, ("account_id",)),
    )
}
_IGNORED: ColumnElement[Any] = literal_column(f"'{IGNORED}'")


def unless_ignored(
    schema: RecordSchema, row: FromClause, *, in_bulk: bool
) -> ColumnElement[bool] | None:
    """The condition on a row of the record type's table; None: no account takes it along."""
    if schema.type_id is not None:
        return _unless_of_owners(schema, row, in_bulk=in_bulk)
    match beyond_ignored(schema.record_type, n.AllOf(())):
        case n.AllOf((_, n.NotOf(n.Compare()))):
            status: ColumnElement[bool] = row.c.lifecycle_status != _IGNORED
            return status
        case n.AllOf((_, n.Related("account", n.Quantifier.NONE))):
            return _unless_of_account(row, in_bulk=in_bulk)
        case n.AllOf((_, n.AnyOf((n.Related("accounts", n.Quantifier.NONE), n.Related())))):
            return _unless_of_all_accounts(row, in_bulk=in_bulk)
        case n.AllOf(()):
            return None
        case other:
            raise NotImplementedError(f"Lists have no SQL for {other!r}.")


def _unless_of_account(row: FromClause, *, in_bulk: bool) -> ColumnElement[bool]:
    one = _owners["account"].alias("its_account")
    found = and_(
        one.c.workspace_id == row.c.workspace_id,
        one.c.id == row.c.account_id,
        one.c.deleted_at.is_(None),
    )
    ignored = one.c.lifecycle_status == _IGNORED
    if in_bulk:
        return ~exists(select(1).select_from(one).where(found, ignored).correlate(row))
    beside = select(ignored).where(found).correlate(row).scalar_subquery()
    return beside.is_not(True)


def _unless_of_owners(
    schema: RecordSchema, row: FromClause, *, in_bulk: bool
) -> ColumnElement[bool] | None:
    """An instance of an object type stays with any of those that it belongs to."""
    stays, left = [], []
    for parent in schema.parents:
        one = _owners[parent.record_type].alias(f"its_{parent.record_type}")
        found = (
            select(1)
            .select_from(one)
            .where(
                one.c.workspace_id == row.c.workspace_id,
                one.c.id == row.c[parent.column],
                one.c.deleted_at.is_(None),
            )
        )
        unless = unless_ignored(RECORD_SCHEMAS[parent.record_type], one, in_bulk=in_bulk)
        if unless is not None:
            left.append(exists(found.where(~unless).correlate(row)))
        stays.append(exists((found if unless is None else found.where(unless)).correlate(row)))
    return or_(~or_(*left), *stays) if left else None


def _unless_of_all_accounts(row: FromClause, *, in_bulk: bool) -> ColumnElement[bool]:
    """Who is at one more account, or at none, stays for that."""
    link, one = _links.alias("its_link"), _owners["account"].alias("its_account")
    ignored = one.c.lifecycle_status == _IGNORED
    if not in_bulk:
        every = select(func.bool_and(ignored)).select_from(_at(link, one))
        beside = every.where(_linked(link, row)).correlate(row).scalar_subquery()
        return beside.is_not(True)
    another, other = _links.alias("another_link"), _owners["account"].alias("another_account")
    elsewhere = exists(
        select(1)
        .select_from(_at(another, other))
        .where(
            another.c.workspace_id == link.c.workspace_id,
            another.c.contact_id == link.c.contact_id,
            other.c.lifecycle_status != _IGNORED,
        )
        .correlate(link)
    )
    taken = select(1).select_from(_at(link, one)).where(_linked(link, row), ignored, ~elsewhere)
    return ~exists(taken.correlate(row))


def _linked(link: FromClause, row: FromClause) -> ColumnElement[bool]:
    return and_(link.c.workspace_id == row.c.workspace_id, link.c.contact_id == row.c.id)


def _at(link: FromClause, one: FromClause) -> Join:
    return link.join(
        one,
        and_(
            one.c.workspace_id == link.c.workspace_id,
            one.c.id == link.c.account_id,
            one.c.deleted_at.is_(None),
        ),
    )

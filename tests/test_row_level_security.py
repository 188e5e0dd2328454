"""The walls between workspaces and between services, as PostgreSQL's own catalog tells them.

One test for each way in which row-level security alone does not isolate (reliability F11).
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from deploy.roles import OWNER, ROLES, SERVICES, async_url, role_url
from tests.harness import Tenure

SCHEMAS = [service.schema for service in SERVICES]
APP_ROLES = [role for role in ROLES if role != OWNER]
NOBODYS = {"alembic_version", "checkpoints"}
"""Tables without a workspace: what this database is, and how far a service has heard."""

OWNERS_FUNCTIONS = {"make_field_changes_partitions", "make_product_events_partitions"}
"""A month's partition must be made by whoever owns the table."""

_TABLES = """
    select n.nspname as schema, c.relname as name, c.oid, c.relrowsecurity as on,
           c.relforcerowsecurity as forced, pg_get_userbyid(c.relowner) as owner
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any(:schemas) and c.relkind in ('r', 'p')
"""
_COLUMNS = """
    (select array_agg(a.attname::text order by k.place)
     from unnest({keys}) with ordinality k(number, place)
     join pg_attribute a on a.attrelid = {table} and a.attnum = k.number)
"""


@pytest.fixture(scope="module")
async def admin(tenure: Tenure) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(async_url(tenure.admin_url).set(database=tenure.database))
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


async def rows(admin: AsyncConnection, statement: str, **given: Any) -> Sequence[Any]:
    return (await admin.execute(text(statement), {"schemas": SCHEMAS, **given})).all()


async def walled(admin: AsyncConnection) -> Sequence[Any]:
    return [table for table in await rows(admin, _TABLES) if table.name not in NOBODYS]


async def test_every_table_but_two_kinds_belongs_to_workspaces(admin: AsyncConnection) -> None:
    found = await rows(
        admin,
        "select table_schema || '.' || table_name as name, is_nullable from"
        " information_schema.columns"
        " where column_name = 'workspace_id' and table_schema = any(:schemas)",
    )
    assert {f"{table.schema}.{table.name}" for table in await walled(admin)} == {
        column.name for column in found
    }
    assert {column.is_nullable for column in found} == {"NO"}


async def test_row_level_security_is_on_and_binds_the_owner_too(admin: AsyncConnection) -> None:
    assert [t.name for t in await walled(admin) if not (t.on and t.forced)] == []


async def test_every_wall_stands_for_reading_and_for_writing(admin: AsyncConnection) -> None:
    policies = await rows(
        admin,
        "select schemaname || '.' || tablename as name, cmd, qual, with_check, permissive"
        " from pg_policies where schemaname = any(:schemas)",
    )
    assert {policy.name for policy in policies} == {
        f"{table.schema}.{table.name}" for table in await walled(admin)
    }
    for policy in policies:
        assert policy.cmd == "ALL", policy.name
        for side in (policy.qual, policy.with_check):
            assert "app.workspace_id" in side, policy.name
            assert "workspace_id" in side, policy.name


async def test_the_workspace_leads_every_key(admin: AsyncConnection) -> None:
    keys = await rows(
        admin,
        f"""
        select i.indexrelid::regclass::text as name, i.indisprimary as is_primary,
               {_COLUMNS.format(keys="i.indkey", table="i.indrelid")} as columns
        from pg_index i join ({_TABLES}) t on t.oid = i.indrelid
        where i.indisunique and t.name <> all(:nobodys)
        """,
        nobodys=list(NOBODYS),
    )
    assert [key.name for key in keys if key.columns[0] != "workspace_id"] == []
    assert sum(key.is_primary for key in keys) == len(await walled(admin))


async def test_no_foreign_key_reaches_another_workspace_or_service(
    admin: AsyncConnection,
) -> None:
    keys = await rows(
        admin,
        f"""
        select c.conname as name, n.nspname as schema, o.nspname as other,
               {_COLUMNS.format(keys="c.conkey", table="c.conrelid")} as columns,
               {_COLUMNS.format(keys="c.confkey", table="c.confrelid")} as referred
        from pg_constraint c
        join pg_class r on r.oid = c.confrelid
        join pg_namespace n on n.oid = c.connamespace
        join pg_namespace o on o.oid = r.relnamespace
        where c.contype = 'f' and n.nspname = any(:schemas)
        """,
    )
    assert keys
    for key in keys:
        assert key.schema == key.other, key.name
        place = key.columns.index("workspace_id")
        assert key.referred[place] == "workspace_id", key.name


async def test_services_own_nothing_and_are_bound_by_every_wall(admin: AsyncConnection) -> None:
    assert {table.owner for table in await rows(admin, _TABLES)} == {OWNER}
    owned = await rows(
        admin,
        "select 1 from pg_class c join pg_roles r on r.oid = c.relowner"
        " where r.rolname = any(:roles)",
        roles=APP_ROLES,
    )
    assert owned == []
    roles = await rows(admin, "select * from pg_roles where rolname = any(:roles)", roles=APP_ROLES)
    assert len(roles) == len(APP_ROLES)
    for role in roles:
        powers = (role.rolsuper, role.rolbypassrls, role.rolcreaterole, role.rolcreatedb)
        assert not any(powers), role.rolname
    memberships = await rows(
        admin,
        "select 1 from pg_auth_members m join pg_roles r on r.oid = m.member"
        " where r.rolname = any(:roles)",
        roles=APP_ROLES,
    )
    assert memberships == []


async def test_no_service_sees_anothers_schema(admin: AsyncConnection) -> None:
    seen = await rows(
        admin,
        """
        select r.rolname as role, n.nspname as schema
        from pg_roles r, pg_namespace n
        where r.rolname = any(:roles) and n.nspname = any(:schemas)
          and has_schema_privilege(r.rolname, n.oid, 'usage')
        """,
        roles=APP_ROLES,
    )
    assert {(row.role, row.schema) for row in seen} == {(f"tenure_{s}", s) for s in SCHEMAS}


async def test_no_view_shows_what_its_owner_may_see(admin: AsyncConnection) -> None:
    """A plain view runs with its owner's rights, and a materialized one has no policies."""
    views = await rows(
        admin,
        "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = any(:schemas) and (c.relkind = 'm' or c.relkind = 'v'"
        " and not coalesce(c.reloptions::text like '%security_invoker=true%', false))",
    )
    assert views == []


async def test_only_named_functions_run_with_their_owners_rights(admin: AsyncConnection) -> None:
    """Each with a search path of its own, and not for everybody to call."""
    functions = await rows(
        admin,
        "select p.proname as name, p.proconfig::text as settings, p.proacl::text as grants"
        " from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
        " where n.nspname = any(:schemas) and p.prosecdef",
    )
    assert {function.name for function in functions} <= OWNERS_FUNCTIONS
    for function in functions:
        assert "search_path=" in function.settings, function.name
        assert "{=" not in function.grants, function.name
        assert ",=" not in function.grants, function.name


async def test_the_audit_log_is_append_only(admin: AsyncConnection) -> None:
    granted = await rows(
        admin,
        "select privilege_type from information_schema.role_table_grants"
        " where grantee = 'tenure_accounts' and table_name = 'audit_log'",
    )
    assert {grant.privilege_type for grant in granted} == {"SELECT", "INSERT"}


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_without_its_workspace_a_connection_sees_and_stores_nothing(
    tenure: Tenure, admin: AsyncConnection, schema: str
) -> None:
    """No context, an emptied one and another workspace's, on every table, by the service's role."""
    ws, other = await tenure.workspace(), await tenure.workspace()
    role = f"tenure_{schema}"
    url = role_url(tenure.admin_url, role, tenure.secrets.passwords[role], tenure.database)
    engine = create_async_engine(url)
    readable = await rows(
        admin, f"{_TABLES} and has_table_privilege(:role, c.oid, 'select')", role=role
    )
    tables = [t.name for t in readable if t.schema == schema and t.name not in NOBODYS]
    assert "workspaces" in tables
    try:
        for context in (None, "", str(other.id)):
            async with engine.connect() as connection:
                if context is not None:
                    await connection.execute(
                        text("select set_config('app.workspace_id', :to, false)"), {"to": context}
                    )
                for table in tables:
                    count = text(f"select count(*) from {table} where workspace_id = :id")
                    seen = await connection.execute(count, {"id": ws.id})
                    assert seen.scalar_one() == 0, (table, context)
    finally:
        await engine.dispose()

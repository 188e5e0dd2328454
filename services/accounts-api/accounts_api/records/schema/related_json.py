"""What belongs to a record and lives in a table of its own, as JSON that the database writes.

Names of tables are bare, so that the tables of the past can stand in for them.
"""

from typing import Final

_STATEMENTS: Final = {
    "key_roles": """
        select account_id as id, json_object_agg(key_role_key, members) as related
        from (
            select account_id, key_role_key, json_agg(member_id order by member_id) as members
            from key_role_assignments
            where workspace_id = {workspace_id} and valid_to is null and account_id = {of}
            group by account_id, key_role_key
        ) held
        group by account_id
    """,
    "accounts": """
        select contact_id as id, json_agg(json_build_object(
            'account_id', account_id, 'plan_roles', plan_roles) order by account_id) as related
        from account_contacts
        where workspace_id = {workspace_id} and contact_id = {of}
        group by contact_id
    """,
}
EMPTY: Final = {"key_roles": "{}", "accounts": "[]"}


def related_of_each(name: str) -> str:
    """A statement that gives `id` and `related` of those of the records `:ids` that have any."""
    many = "any(cast(:ids as uuid[]))"
    statement = _STATEMENTS[name].format(workspace_id=":workspace_id", of=many)
    return f"select id::text as id, related::text as related from ({statement}) found"


def related_of(name: str, workspace_id: str, record_id: str) -> str:
    """The JSON value of one record, whose two ids are expressions of the statement around it."""
    statement = _STATEMENTS[name].format(workspace_id=workspace_id, of=record_id)
    return f"coalesce((select related from ({statement}) found), '{EMPTY[name]}')"

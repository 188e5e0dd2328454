"""Addresses as the one normal form has them; what a sequence says to mail servers is valid."""

import json
import re
from collections.abc import Mapping
from typing import Any

from alembic import op

from shared.mail.addresses import InvalidEmail, email_key, normal_email
from shared.migrations import is_odd_email, rewrite

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BREAK = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]+")


def upgrade() -> None:
    rewrite("contacts", {"email": "email"}, is_odd_email("email"), contact)
    # Who asked not to be written to under an older form of the address has not taken that back.
    op.execute(
        """
        insert into suppressions (workspace_id, id, address, reason, note, message_id, created_at)
        select distinct on (c.workspace_id, c.address)
            c.workspace_id, gen_random_uuid(), c.address, s.reason, s.note, s.message_id,
            s.created_at
        from messages m
        join contacts c on c.workspace_id = m.workspace_id and c.id = m.contact_id
        join suppressions s on s.workspace_id = m.workspace_id and s.address = m.recipient
        where c.address <> m.recipient and octet_length(c.email) <> char_length(c.email)
          and s.expires_at is null
        order by c.workspace_id, c.address, s.reason desc
        on conflict (workspace_id, address) do nothing
        """
    )
    for table, column, key in (
        ("sequences", "draft", ("workspace_id", "id")),
        ("sequence_versions", "definition", ("workspace_id", "sequence_id", "number")),
    ):
        rewrite(
            table,
            {"definition": column},
            "true",
            lambda row, column=column: {column: json.dumps(definition(row["definition"]))},
            key=key,
        )
    op.execute(
        "comment on column contacts.address is 'as shared.mail.addresses makes the key of email'"
    )


def contact(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"address": email_key(row["email"])}


def definition(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without a reply address that is none, and with titles and subjects of one line."""
    steps = [
        step | {name: BREAK.sub(" ", step[name]) for name in ("title", "subject")}
        for step in stored["steps"]
    ]
    return {**stored, "reply_to": reply_to(stored.get("reply_to")), "steps": steps}


def reply_to(stored: str | None) -> str | None:
    try:
        return None if stored is None else normal_email(stored)
    except InvalidEmail:
        return None


def downgrade() -> None:
    op.execute(
        "comment on column contacts.address is"
        " 'email as mail systems compare it: NFKC, IDNA, lower case'"
    )

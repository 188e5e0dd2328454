"""Text is folded to composed letters; the key of an address has the domain's ASCII form."""

import re
from collections.abc import Mapping
from typing import Any

from alembic import op
from sqlalchemy import text

from shared.mail.addresses import email_key
from shared.migrations import is_odd_email, rewrite

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Letters that Unicode does not decompose, and what they are folded to; shared.rules.types.fold.
LETTERS = (
    "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩςАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЂЄЅІЈЉЊЋЏҐÆæŒœØøĐđÐðÞþŁłĦħŦŧŊŋıßẞ"
)
FOLDED = (
    "αβγδεζηθικλμνξοπρστυφχψωσабвгдежзийклмнопрстуфхцчшщъыьэюяђєѕіјљњћџґææœœooddddþþllhhttŋŋißß"
)
SEARCHED = {
    "organizations": ("name", "domain", "external_id"),
    "accounts": ("name", "domain", "external_id"),
    "contacts": ("name", "email", "external_id"),
    "opportunities": ("name", "external_id"),
    "objects": ("name", "external_id"),
}
KEY_COMMENT = "as shared.mail.addresses makes it: same mailbox, same key"


def upgrade() -> None:
    fold("normalize(", ", NFC)", "\u11a7")
    for table, columns in SEARCHED.items():
        rewrite(
            table,
            {"said": f"fold(concat_ws(' ', {', '.join(columns)}))"},
            "octet_length(search_text) <> char_length(search_text)",
            searched,
        )
    rewrite("contacts", {"email": "email"}, is_odd_email("email"), contact)
    rewrite("members", {"email": "email"}, is_odd_email("email"), member)
    op.execute(f"comment on column contacts.email_key is '{KEY_COMMENT}'")


def fold(compose: str, composed: str, also_dropped: str) -> None:
    # `lower` sees ASCII only and with the C collation: the same answer on every server.
    op.execute(
        f"""
        create or replace function fold(given text) returns text
        language sql immutable strict parallel safe
        return case when octet_length(given) = char_length(given)
          then lower(given collate "C")
          else lower(translate({compose}
            regexp_replace(
              normalize(given, NFKD), '[\u0300-\u036f{also_dropped}]+', '', 'g'){composed},
            '{LETTERS}', '{FOLDED}') collate "C") end
        """
    )


def searched(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"search_text": "".join(f" {word}" for word in re.findall(r"[^\W_]+", row["said"]))}


def contact(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"email_key": email_key(row["email"])}


def member(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Nobody's key is taken by another spelling of the same mailbox."""
    key = email_key(row["email"])
    place = {"workspace_id": row["workspace_id"], "key": key}
    taken = text("select 1 from members where workspace_id = :workspace_id and email_key = :key")
    if key is None or op.get_bind().execute(taken, place).first() is not None:
        return {}
    return {"email_key": key}


def downgrade() -> None:
    op.execute(
        "comment on column contacts.email_key is 'the address case-folded: same mailbox, same key'"
    )
    fold("", "", "")

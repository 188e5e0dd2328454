"""Known addresses are kept by the key that all services compare by."""

from collections.abc import Mapping
from typing import Any

from alembic import op

from shared.mail.addresses import email_key
from shared.migrations import is_odd_email, rewrite

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    rewrite(
        "contact_addresses",
        {"address": "address"},
        is_odd_email("address"),
        keyed,
        key=("workspace_id", "contact_id"),
    )
    op.execute(
        "comment on column contact_addresses.address is"
        " 'as shared.mail.addresses makes the key; null once deleted'"
    )


def keyed(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"address": email_key(row["address"])}


def downgrade() -> None:
    op.execute("comment on column contact_addresses.address is 'case-folded; null once deleted'")

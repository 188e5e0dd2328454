"""Countries that were stored by name become codes; what is not understood stays as it is."""

from collections.abc import Mapping
from typing import Any

from shared.values.countries import UnknownCountry, country_code
from shared.migrations import rewrite

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    rewrite("accounts", {"country": "country"}, "country is not null", coded)


def coded(row: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return {"country": country_code(row["country"])}
    except UnknownCountry:
        return {}


def downgrade() -> None:
    """A code is a country in the older form, too."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, text

from accounts_api.language.rules.ignored import IGNORED
from accounts_api.records.schema.models import accounts
from accounts_api.signals.indicator_actions.rules import INDICATOR
from accounts_api.signals.indicator_definitions.service import KEYS
from accounts_api.signals.indicators.models import indicators
from accounts_api.signals.indicators.rows import Indicator
from shared.data import WORKSPACE
from shared.lists.service import Listed, ListQuery, page
from shared.paging import CursorSigner
from shared.uow import UnitOfWork

LISTED: Final = Listed(
    INDICATOR,
    "indicators",
    indicators,
    Indicator,
    sort="-severity,-opened_at",
    keys={"definition_id": KEYS},
)
_OF_CUSTOMER: Final = or_(
    indicators.c.account_id.is_(None),
    select(accounts.c.lifecycle_status != IGNORED)
    .where(accounts.c.workspace_id == WORKSPACE, accounts.c.id == indicators.c.account_id)
    .correlate(indicators)
    .scalar_subquery(),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which indicators, beside what the rule of a list says; None: whichever."""

    state: str | None = None
    kind: str | None = None
    severity: int | None = None
    definition_id: UUID | None = None
    owner_id: UUID | None = None
    account_id: UUID | None = None


async def indicators_page(
    uow: UnitOfWork, query: ListQuery, signer: CursorSigner, wanted: Wanted
) -> dict[str, Any]:
    """Without those of ignored accounts."""
    named = {
        name: value
        for name in Wanted.__dataclass_fields__
        if (value := getattr(wanted, name)) is not None
    }
    where: list[ColumnElement[bool]] = [_OF_CUSTOMER]
    where += [indicators.c[name] == value for name, value in named.items()]
    return await page(uow, LISTED, query, signer, *where, shaped_by=[*named.items()])


_LOCK = text(
    "select id from indicator_definitions"
    " where workspace_id = :workspace_id and id = :definition_id for share"
)


async def share_definition(uow: UnitOfWork, definition_id: UUID) -> None:
    """Its rule opens nothing meanwhile."""
    await uow.run(_LOCK, definition_id=definition_id)

"""Traits by the words that are the same in every workspace."""

import re
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from sqlalchemy import text
from typing_extensions import override

from shared.keys import Keys, Named
from shared.uow import UnitOfWork


class TraitKeys(Keys):
    """A trait is named by its record type and its key, as in `account.tier`."""

    @override
    async def ids(self, uow: UnitOfWork, keys: Iterable[str]) -> dict[str, UUID]:
        whole = [key for key in keys if _WHOLE_KEY.fullmatch(key)]
        rows = await uow.rows(Named, _BY_KEY, keys=whole) if whole else ()
        return {row.key: row.id for row in rows}


TRAIT_KEYS: Final = TraitKeys("trait", "trait_definitions", "deleted_at is null")
_WHOLE_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,62}\.[a-z][a-z0-9_]{0,62}")
_BY_KEY = text(
    """
    select record_type || '.' || key as key, id from trait_definitions
    where workspace_id = :workspace_id and deleted_at is null
      and (record_type, key) in (
          select split_part(whole, '.', 1), split_part(whole, '.', 2)
          from unnest(cast(:keys as text[])) as whole)
    """
)

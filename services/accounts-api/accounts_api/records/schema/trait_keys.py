"""Traits by the words that are the same in every workspace."""

import re
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from typing_extensions import override

from accounts_api.records.schema import queries
from shared.keys import Keys
from shared.uow import UnitOfWork

_WHOLE_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,62}\.[a-z][a-z0-9_]{0,62}")


class TraitKeys(Keys):
    """A trait is named by its record type and its key, as in `account.tier`."""

    @override
    async def ids(self, uow: UnitOfWork, keys: Iterable[str]) -> dict[str, UUID]:
        whole = [key for key in keys if _WHOLE_KEY.fullmatch(key)]
        rows = await queries.traits_by_key(uow, whole) if whole else ()
        return {row.key: row.id for row in rows}


TRAIT_KEYS: Final = TraitKeys("trait", "trait_definitions", "deleted_at is null")

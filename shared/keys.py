"""Keys of what a workspace configures: words that mean the same in a sandbox and in production,
where ids do not. A key is unique among the living things of its kind, changes by a rename alone,
and leads to its thing for ninety days after that.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    TextClause,
    Uuid,
    text,
)

from shared.columns import AT, workspace_key
from shared.errors import Conflict, Fault, Invalid
from shared.spelling import nearest
from shared.uow import UnitOfWork

REDIRECTS_FOR: Final = timedelta(days=90)
_LONGEST: Final = 63
_ID_LENGTH: Final = 36
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


class KeyTaken(Conflict):
    code = "key_taken"
    title = "Another one has this key"


def key_of(title: str, otherwise: str) -> str:
    """The key that a title suggests; `otherwise` for one without letters of ASCII."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    key = re.sub(r"[^a-z0-9]+", "_", plain).lstrip("_0123456789")
    return key[:_LONGEST].rstrip("_") or otherwise


def key_columns(table: str) -> tuple[Column[Any], Index]:
    """The key of a thing, and its index for a table where nothing is archived."""
    index = Index(f"uq_{table}_workspace_id_key", "workspace_id", "key", unique=True)
    return key_column(), index


def key_column() -> Column[Any]:
    """What the release before knows nothing of gets a key of no meaning."""
    meaningless = text("'k' || replace(gen_random_uuid()::text, '-', '')")
    return Column("key", Text, nullable=False, server_default=meaningless)


def former_keys(metadata: MetaData) -> Table:
    """The table of keys that were renamed and still lead to their thing."""
    return Table(
        "former_keys",
        metadata,
        workspace_key(),
        Column("kind", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("id", Uuid, nullable=False),
        Column("expires_at", AT, nullable=False, comment="workspace time; then the key is free"),
        PrimaryKeyConstraint("workspace_id", "kind", "key"),
    )


@dataclass(frozen=True, slots=True)
class Named:
    key: str
    id: UUID


_LOCK = text(
    "select pg_advisory_xact_lock("
    "hashtextextended(cast(cast(:workspace_id as uuid) as text) || ':keys:' || :kind, 0))"
)
_FORMER = (
    "select key, id from former_keys where workspace_id = :workspace_id and kind = :kind"
    " and expires_at > workspace_now(:workspace_id)"
)
_FORMER_OF = text(f"{_FORMER} and key = any(:keys)")
_FORMER_LIKE = text(f"{_FORMER} and starts_with(key, :start)")
_FORGET = text(
    "delete from former_keys where workspace_id = :workspace_id and kind = :kind and key = :key"
)
_REDIRECT = text(
    """
    insert into former_keys (workspace_id, kind, key, id, expires_at)
    values (:workspace_id, :kind, :key, :id, :expires_at)
    on conflict (workspace_id, kind, key) do update
    set id = excluded.id, expires_at = excluded.expires_at
    """
)


@cache
def _named(table: str, condition: str) -> TextClause:
    return text(f"select key, id from {table} where workspace_id = :workspace_id and {condition}")


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one kind of thing."""

    kind: str
    """Such as `segment`; the key of a thing whose title suggests none."""
    table: str
    """It has the columns `workspace_id`, `id` and `key`."""
    alive: str = "true"
    """Of the rows whose keys are taken."""

    async def key_for(self, uow: UnitOfWork, wanted: str | None, title: str) -> str:
        """The key of a new thing: as wanted, else made of its title, with a number when others have
        that. Raises `KeyTaken`. Nobody else gets a key of the kind until the transaction ends.
        """
        await uow.run(_LOCK, kind=self.kind)
        if wanted is not None:
            await self._must_be_free(uow, wanted, None)
            return wanted
        stem = key_of(title, self.kind)
        start = stem[: _LONGEST - 8]
        like = _named(self.table, f"{self.alive} and starts_with(key, :start)")
        taken = await uow.rows(Named, like, start=start)
        taken += await uow.rows(Named, _FORMER_LIKE, kind=self.kind, start=start)
        keys, key, number = {each.key for each in taken}, stem, 1
        while key in keys:
            number += 1
            key = f"{stem[: _LONGEST - len(f'_{number}')]}_{number}"
        return key

    async def rename(self, uow: UnitOfWork, thing: UUID, before: str, after: str) -> None:
        """Let `before` lead to the thing from now on. Raises `KeyTaken` when `after` leads to
        another one. The thing's own row is its feature's to change.
        """
        await uow.run(_LOCK, kind=self.kind)
        await self._must_be_free(uow, after, thing)
        await uow.run(_FORGET, kind=self.kind, key=after)
        until = await uow.now() + REDIRECTS_FOR
        await uow.run(_REDIRECT, kind=self.kind, key=before, id=thing, expires_at=until)

    async def ids(self, uow: UnitOfWork, keys: Iterable[str]) -> dict[str, UUID]:
        """By key, of those that lead to something. A key in use goes before a former one. What is
        no key by its letters leads to nothing.
        """
        wanted = [key for key in keys if _KEY.fullmatch(key)]
        if not wanted:
            return {}
        former = await uow.rows(Named, _FORMER_OF, kind=self.kind, keys=wanted)
        those = _named(self.table, f"{self.alive} and key = any(:keys)")
        living = await uow.rows(Named, those, keys=wanted)
        return {each.key: each.id for each in (*former, *living)}

    async def keys(self, uow: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, str]:
        """By id, of what is alive."""
        those = _named(self.table, f"{self.alive} and id = any(:ids)")
        rows = await uow.rows(Named, those, ids=list(ids)) if ids else ()
        return {each.id: each.key for each in rows}

    async def resolve(self, uow: UnitOfWork, named: Iterable[str]) -> dict[str, UUID]:
        """Ids and keys by what they lead to; a word that leads to nothing is left out, an id is not
        looked up.
        """
        ids = {each: id_or_none(each) for each in named}
        by_key = await self.ids(uow, [each for each, known in ids.items() if known is None])
        return {each: known for each, known in ids.items() if known is not None} | by_key

    async def named(self, uow: UnitOfWork, named: str, pointer: str) -> UUID:
        """The id of what a query or a body names. Raises `Invalid` at the pointer for a key that
        leads to nothing; an id is not looked up.
        """
        found = (await self.resolve(uow, [named])).get(named)
        if found is None:
            what = self.kind.replace("_", " ")
            message = f"There is no {what} with this key."
            guess = await self.nearest(uow, named)
            near = None if guess is None else {"suggestion": guess}
            fault = Fault(pointer, f"unknown_{self.kind}", message, near)
            raise Invalid(message, faults=[fault])
        return found

    async def nearest(self, uow: UnitOfWork, word: str) -> str | None:
        """The key that a word was probably meant to be."""
        living = await uow.rows(Named, _named(self.table, self.alive))
        return nearest(word, (each.key for each in living))

    async def _must_be_free(self, uow: UnitOfWork, key: str, thing: UUID | None) -> None:
        holder = (await self.ids(uow, [key])).get(key)
        if holder is not None and holder != thing:
            raise KeyTaken(
                f"{key!r} leads to another {self.kind.replace('_', ' ')}: choose another key.",
                holder_id=holder,
            )


def id_or_none(named: str) -> UUID | None:
    """None for what is no id, such as a key."""
    try:
        return UUID(named) if len(named) == _ID_LENGTH else None
    except ValueError:
        return None

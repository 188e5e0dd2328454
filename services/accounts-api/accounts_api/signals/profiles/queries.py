from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from accounts_api.signals.profiles.rules import Kind, Said
from shared.data import Transaction
from shared.held_work import not_held
from shared.uow import UnitOfWork

WRITING: Final = "product_profiles"
_MOST_BYTES: Final = 128 * 1024
_NOT_HELD: Final = not_held(WRITING, "p.workspace_id", "p.kind || ':' || p.external_id")

_MERGED = """
    case when excluded.said_at >= p.said_at then p.traits || excluded.traits
         else excluded.traits || p.traits end
"""
_EMAIL = """
    case when excluded.said_at >= p.said_at then coalesce(excluded.email, p.email)
         else coalesce(p.email, excluded.email) end
"""
# Most messages say what is known: they change nothing, and nobody looks.
_ADD = text(
    f"""
    insert into product_profiles as p
        (workspace_id, kind, external_id, email, traits, said_at, look_at)
    select :workspace_id, s.kind, s.external_id, s.email, s.traits, s.at, clock_timestamp()
    from jsonb_to_recordset(cast(:said as jsonb))
           as s(kind text, external_id text, email text, traits jsonb, at timestamptz)
    order by s.kind, s.external_id
    on conflict (workspace_id, kind, external_id) do update
    set traits = case when octet_length(({_MERGED})::text) <= {_MOST_BYTES} then {_MERGED}
                      else excluded.traits end,
        email = {_EMAIL}, said_at = greatest(p.said_at, excluded.said_at),
        revision = p.revision + 1, look_at = clock_timestamp(), looks = 0
    where ({_MERGED}) is distinct from p.traits or ({_EMAIL}) is distinct from p.email
    """
)


async def add(uow: UnitOfWork, said: Sequence[Said]) -> int:
    """How many say something new."""
    rows = [
        {
            "kind": each.kind,
            "external_id": each.external_id,
            "email": each.email,
            "traits": each.traits,
            "at": each.at,
        }
        for each in said
    ]
    return await uow.run(_ADD, said=to_json(rows).decode())


_DUE_WORKSPACES = text(
    f"""
    select distinct workspace_id from (
        select p.workspace_id from product_profiles p
        where p.look_at <= clock_timestamp() and {_NOT_HELD}
        order by p.look_at limit :limit
    ) due
    """
)


async def workspaces_with_due_profiles(scope: Transaction, limit: int) -> list[UUID]:
    return await scope.values(UUID, _DUE_WORKSPACES, limit=limit)


@dataclass(frozen=True, slots=True)
class Profile:
    kind: Kind
    external_id: str
    email: str | None
    traits: Mapping[str, Any]
    revision: int
    looks: int
    record_id: UUID | None
    written: Mapping[str, Any]
    counted_names: list[str]

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.external_id}"


_DUE = text(
    f"""
    select p.kind, p.external_id, p.email, p.traits, p.revision, p.looks, p.record_id, p.written,
           p.counted_names
    from product_profiles p
    where p.workspace_id = :workspace_id and p.look_at <= clock_timestamp() and {_NOT_HELD}
    order by p.look_at limit :limit for update of p skip locked
    """
)


async def due_profiles(uow: UnitOfWork, limit: int) -> list[Profile]:
    return await uow.rows(Profile, _DUE, limit=limit)


_FINISH = text(
    """
    update product_profiles p
    set look_at = case when d.again then clock_timestamp() + interval '10 seconds' end,
        looks = d.looks, record_id = d.record_id, written = d.written,
        counted_names = (select array_agg(name) from jsonb_array_elements_text(d.names) name)
    from jsonb_to_recordset(cast(:done as jsonb))
           as d(kind text, external_id text, again boolean, looks bigint, record_id uuid,
                written jsonb, names jsonb)
    where p.workspace_id = :workspace_id and p.kind = d.kind and p.external_id = d.external_id
    """
)


async def finish(uow: UnitOfWork, done: Sequence[Mapping[str, Any]]) -> None:
    """Rows of kind, external_id, again, looks, record_id, written, names: locked by `due_profiles`
    in this transaction.
    """
    await uow.run(_FINISH, done=to_json(done).decode())


_LOOK_AGAIN = text(
    """
    update product_profiles set look_at = clock_timestamp(), looks = 0, revision = revision + 1
    where workspace_id = :workspace_id
      and ((kind = 'user' and external_id = any(cast(:users as text[])))
        or (kind = 'group' and external_id = any(cast(:groups as text[])))
        or email = any(cast(:emails as text[])))
    """
)


async def look_again(
    uow: UnitOfWork, users: Collection[str], groups: Collection[str], emails: Collection[str]
) -> int:
    return await uow.run(
        _LOOK_AGAIN, users=sorted(users), groups=sorted(groups), emails=sorted(emails)
    )


_LOOK_AT_ALL = text(
    """
    update product_profiles set look_at = clock_timestamp(), looks = 0, revision = revision + 1
    where workspace_id = :workspace_id and kind = :kind and traits ? :name
    """
)


async def look_at_all(uow: UnitOfWork, kind: Kind, name: str) -> None:
    await uow.run(_LOOK_AT_ALL, kind=kind, name=name)


_COUNT_NAMES = text(
    """
    insert into product_trait_names as n
        (workspace_id, kind, name, profiles, first_seen_at, last_seen_at)
    select :workspace_id, s.kind, s.name, s.profiles, :at, :at
    from jsonb_to_recordset(cast(:seen as jsonb)) as s(kind text, name text, profiles bigint)
    order by s.kind, s.name
    on conflict (workspace_id, kind, name) do update
    set profiles = n.profiles + excluded.profiles, last_seen_at = excluded.last_seen_at
    """
)
_REFUSE = text(
    """
    update product_trait_names n
    set refused = n.refused + r.times, last_refusal = r.refusal
    from jsonb_to_recordset(cast(:refused as jsonb))
           as r(kind text, name text, times bigint, refusal jsonb)
    where n.workspace_id = :workspace_id and n.kind = r.kind and n.name = r.name
    """
)


async def count_names(uow: UnitOfWork, seen: Iterable[tuple[Kind, str, int]], at: datetime) -> None:
    """(kind, name, how many more profiles have it)."""
    rows = [{"kind": kind, "name": name, "profiles": more} for kind, name, more in seen]
    await uow.run(_COUNT_NAMES, seen=to_json(rows).decode(), at=at)


async def refuse(uow: UnitOfWork, refused: Sequence[Mapping[str, Any]]) -> None:
    """Rows of kind, name, times, refusal."""
    await uow.run(_REFUSE, refused=to_json(refused).decode())


@dataclass(frozen=True, slots=True)
class Mapped:
    kind: Kind
    name: str
    field: str


_MAPPED = text(
    "select kind, name, field from product_trait_mappings where workspace_id = :workspace_id"
)


async def mapped(uow: UnitOfWork) -> list[Mapped]:
    return await uow.rows(Mapped, _MAPPED)


@dataclass(frozen=True, slots=True)
class TraitMapping:
    id: UUID
    kind: Kind
    name: str
    field: str
    version: int
    created_at: datetime
    updated_at: datetime


_COLUMNS: Final = "id, kind, name, field, version, created_at, updated_at"
_ADD_MAPPING = text(
    f"""
    insert into product_trait_mappings (workspace_id, id, kind, name, field)
    values (:workspace_id, :id, :kind, :name, :field) returning {_COLUMNS}
    """
)
_CHANGE_MAPPING = text(
    f"""
    update product_trait_mappings
    set field = :field, version = version + 1, updated_at = clock_timestamp()
    where workspace_id = :workspace_id and id = :id returning {_COLUMNS}
    """
)
_DELETE_MAPPING = text(
    "delete from product_trait_mappings where workspace_id = :workspace_id and id = :id"
)
_ONE = f"select {_COLUMNS} from product_trait_mappings where workspace_id = :workspace_id"
_MAPPING = text(f"{_ONE} and id = :id")
_LOCKED_MAPPING = text(f"{_ONE} and id = :id for update")
_COUNT_MAPPINGS = text(
    "select count(*) from product_trait_mappings where workspace_id = :workspace_id"
)


async def count_mappings(uow: UnitOfWork) -> int:
    return await uow.one_value(int, _COUNT_MAPPINGS)


async def add_mapping(
    uow: UnitOfWork, mapping_id: UUID, kind: Kind, name: str, field: str
) -> TraitMapping:
    return await uow.one(
        TraitMapping, _ADD_MAPPING, id=mapping_id, kind=kind, name=name, field=field
    )


async def change_mapping(uow: UnitOfWork, mapping_id: UUID, field: str) -> TraitMapping:
    return await uow.one(TraitMapping, _CHANGE_MAPPING, id=mapping_id, field=field)


async def delete_mapping(uow: UnitOfWork, mapping_id: UUID) -> None:
    await uow.run(_DELETE_MAPPING, id=mapping_id)


async def mapping_by_id(
    uow: UnitOfWork, mapping_id: UUID, *, lock: bool = False
) -> TraitMapping | None:
    return await uow.row(TraitMapping, _LOCKED_MAPPING if lock else _MAPPING, id=mapping_id)


async def mappings_page(
    uow: UnitOfWork, after: tuple[str, str] | None, limit: int
) -> list[TraitMapping]:
    following = "" if after is None else "and (kind, name) > (:after_kind, :after_name)"
    statement = text(f"{_ONE} {following} order by kind, name limit :limit")
    given = {} if after is None else {"after_kind": after[0], "after_name": after[1]}
    return await uow.rows(TraitMapping, statement, limit=limit, **given)


async def fields_of(uow: UnitOfWork, kind: Kind, field: str) -> list[TraitMapping]:
    statement = text(f"{_ONE} and kind = :kind and field = :field")
    return await uow.rows(TraitMapping, statement, kind=kind, field=field)


@dataclass(frozen=True, slots=True)
class TraitName:
    kind: Kind
    name: str
    field: str | None
    profiles: int
    refused: int
    first_seen_at: datetime
    last_seen_at: datetime
    last_refusal: dict[str, Any] | None


async def names_page(uow: UnitOfWork, after: tuple[str, str] | None, limit: int) -> list[TraitName]:
    following = "" if after is None else "and (n.kind, n.name) > (:after_kind, :after_name)"
    statement = text(
        f"""
        select n.kind, n.name, m.field, n.profiles, n.refused, n.first_seen_at, n.last_seen_at,
               n.last_refusal
        from product_trait_names n
        left join product_trait_mappings m on m.workspace_id = :workspace_id and m.kind = n.kind
         and m.name = n.name
        where n.workspace_id = :workspace_id {following} order by n.kind, n.name limit :limit
        """
    )
    given = {} if after is None else {"after_kind": after[0], "after_name": after[1]}
    return await uow.rows(TraitName, statement, limit=limit, **given)

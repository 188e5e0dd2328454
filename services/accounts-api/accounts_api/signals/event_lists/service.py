from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Any
from uuid import UUID

from accounts_api.records.schema.errors import RecordNotFound
from accounts_api.records.schema.record_catalog import rule_catalog
from accounts_api.records.schema.record_schemas import ACCOUNT, RecordSchema
from accounts_api.records.store.service import state_of
from accounts_api.signals.event_lists import queries
from accounts_api.signals.event_lists.queries import ProductEvent, Wanted
from accounts_api.signals.event_lists.rules import (
    PRODUCT_EVENT,
    named_owners,
    with_merged,
    with_properties,
)
from accounts_api.signals.product_events.rules import OWNER_COLUMNS
from shared.lists import moment
from shared.lists.filters import read_filter
from shared.lists.service import ListQuery
from shared.paging import CursorSigner
from shared.rules.types.catalog import Catalog, RecordType
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork


async def list_events(uow: UnitOfWork, query: ListQuery, signer: CursorSigner) -> dict[str, Any]:
    """Raises `Invalid` for a faulty rule or order."""
    return await _page(uow, query, signer)


async def list_events_of(
    uow: UnitOfWork,
    schema: RecordSchema,
    record_id: UUID,
    query: ListQuery,
    signer: CursorSigner,
) -> dict[str, Any]:
    """Events of those merged into the record are the record's. Raises `RecordNotFound`, and
    `Invalid` for a faulty rule or order.
    """
    state = await state_of(uow, schema, record_id)
    if state is None or state["deleted"]:
        raise RecordNotFound(f"There is no {schema.record_type} with this id.")
    return await _page(uow, query, signer, schema, record_id)


async def _page(
    uow: UnitOfWork,
    query: ListQuery,
    signer: CursorSigner,
    schema: RecordSchema = ACCOUNT,
    record_id: UUID | None = None,
) -> dict[str, Any]:
    type_, rule = await _type_of(uow, query), None
    if query.filter is not None:
        rule = await _rule(uow, type_, query.filter, f"{query.pointers}/filter")
    of = None if record_id is None else (await queries.same_records(uow, [record_id]))[record_id]
    wanted = Wanted(
        type_,
        rule,
        await moment.evaluation_context(uow) if rule and rule.root.asks else moment.TIMELESS,
        OWNER_COLUMNS[schema.record_type],
        of,
        [query.filter, schema.record_type, record_id],
    )
    page = await queries.events_page(uow, replace(query, filter=None), signer, wanted)
    return {**page, "data": await _of_winners(uow, page["data"])}


async def _type_of(uow: UnitOfWork, query: ListQuery) -> RecordType:
    """What the workspace declared is looked up only for a list that speaks of it."""
    if "properties" not in f"{query.filter} {query.sort}":
        return PRODUCT_EVENT
    events = (await rule_catalog(uow)).types[ACCOUNT.record_type].events
    return with_properties(chain.from_iterable(events.declared.values() if events else ()))


async def _rule(
    uow: UnitOfWork, type_: RecordType, written: str | dict[str, Any], pointer: str
) -> Rule:
    rule = read_filter(written, Catalog({type_.name: type_}), type_.name, pointer)
    same = await queries.same_records(uow, named_owners(rule.root))
    return replace(rule, root=with_merged(rule.root, same))


async def _of_winners(uow: UnitOfWork, events: Sequence[ProductEvent]) -> list[ProductEvent]:
    """The events as those of the records into which theirs were merged."""
    owners = {id_ for event in events for id_ in (event.account_id, event.contact_id) if id_}
    same = await queries.same_records(uow, owners)
    winner: dict[UUID | None, UUID] = {id_: records[0] for id_, records in same.items()}
    return [
        replace(
            event,
            account_id=winner.get(event.account_id),
            contact_id=winner.get(event.contact_id),
        )
        for event in events
    ]

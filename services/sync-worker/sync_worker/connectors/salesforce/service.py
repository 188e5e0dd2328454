import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from typing_extensions import override

from shared.errors import Conflict
from shared.events.base import Cause
from shared.fault_points import faultpoint
from shared.ids import new_id
from shared.net.answers import OutgoingError
from shared.service import Service
from shared.uow import UnitOfWork
from sync_worker.connections import service as connections
from sync_worker.connections.service import Opened
from sync_worker.connectors.salesforce import queries
from sync_worker.connectors.salesforce.client import (
    Grant,
    Salesforce,
    SalesforceError,
    Session,
    Sessions,
    request_session,
)
from sync_worker.connectors.salesforce.rules.answers import readable_fields
from sync_worker.connectors.salesforce.rules.mapping import (
    SHIPPED,
    ObjectMapping,
    hidden_fields,
    owned_fields,
)
from sync_worker.connectors.salesforce.rules.values import Locale

__all__ = ["Salesforce", "SalesforceError"]

_REFRESH_LEASE = 45.0
"""Longer than a token request may take, so that two never run at once."""
_LOOK_AGAIN = 0.1
_DESCRIBED_FOR = 600.0


class MappingUnreadable(Conflict):
    code = "mapping_unreadable"
    title = "The stored mapping cannot be read any more"


class StoredSessions(Sessions):
    """Sessions of one connection, kept in its row so that all processes share one.

    One process at a time asks for a new one: the claim is a lease in the row, because no lock is
    held across the network. The new session is stored before it is used: with rotating refresh
    tokens a lost one would end the grant.
    """

    def __init__(self, service: Service, connection: Opened) -> None:
        self._service = service
        self._connection = connection
        self._known: Session | None = None

    @override
    async def current(self) -> Session:
        if self._known is None:
            self._known, generation = await self._stored()
            if self._known is None:
                self._known = await self._newer_than(generation)
        return self._known

    @override
    async def renewed(self, stale: Session) -> Session:
        self._known = await self._newer_than(stale.generation)
        return self._known

    async def _newer_than(self, generation: int) -> Session:
        """Raises `SalesforceError` or `OutgoingError` when there is none to be had."""
        me = new_id()
        while True:
            session, stored = await self._stored()
            if session is not None and stored > generation:
                return session
            if await self._claim(me, stored):
                return await self._request(me, session, stored)
            await asyncio.sleep(_LOOK_AGAIN)

    async def _request(self, me: UUID, stale: Session | None, stored: int) -> Session:
        secrets = self._connection.secrets
        refresh_token = (stale.refresh_token if stale else None) or secrets.get("refresh_token")
        try:
            made = await request_session(
                self._service.outside, grant_of(self._connection), refresh_token
            )
        except (SalesforceError, OutgoingError):
            await self._give_up(me)
            raise
        faultpoint("salesforce.token_received")
        async with self._begin() as uow:
            kept = await connections.store_token(
                uow, self._service.secrets, self._connection.id, by=me,
                token=made.model_dump(exclude={"generation"}),
            )  # fmt: skip
        if not kept:
            raise OutgoingError("Another process renewed the session meanwhile.")
        return made.model_copy(update={"generation": stored + 1})

    async def _stored(self) -> tuple[Session | None, int]:
        async with self._begin() as uow:
            token, generation = await connections.stored_token(
                uow, self._service.secrets, self._connection.id
            )
        if token is None:
            return None, generation
        return Session(**{**token, "generation": generation}), generation

    async def _claim(self, me: UUID, generation: int) -> bool:
        async with self._begin() as uow:
            return await connections.claim_refresh(
                uow, self._connection.id, by=me, generation=generation, seconds=_REFRESH_LEASE
            )

    async def _give_up(self, me: UUID) -> None:
        async with self._begin() as uow:
            await connections.give_up_refresh(uow, self._connection.id, by=me)

    def _begin(self) -> Any:
        return self._service.units.begin(self._connection.workspace_id, [self._connection.cause])


def grant_of(connection: Opened) -> Grant:
    settings, secrets = connection.settings, connection.secrets
    is_sandbox = (
        "test.salesforce.com" in settings["login_url"] or "sandbox" in settings["login_url"]
    )
    host = "https://test.salesforce.com" if is_sandbox else "https://login.salesforce.com"
    return Grant(
        login_url=settings["login_url"],
        client_id=settings["client_id"],
        client_secret=secrets.get("client_secret"),
        private_key=secrets.get("private_key"),
        username=settings.get("username"),
        audience=host,
    )


def salesforce_of(service: Service, connection: Opened) -> Salesforce:
    return Salesforce(
        service.outside,
        StoredSessions(service, connection),
        connection.settings["api_version"],
        service.settings.outside_retry_seconds,
    )


def mapping_of(connection: Opened) -> ObjectMapping:
    return mapping_of_row(connection.mapping)


def locale_of(connection: Opened) -> Locale:
    return Locale(connection.currency, ZoneInfo(connection.time_zone))


def mapping_of_row(stored: dict[str, Any] | None) -> ObjectMapping:
    if stored is None:
        return SHIPPED
    try:
        return ObjectMapping.model_validate(stored)
    except ValidationError as error:
        raise MappingUnreadable(
            "The stored mapping cannot be read any more; put it anew."
        ) from error


def readable_mapping(stored: dict[str, Any] | None) -> ObjectMapping | None:
    """For those who look at all connections: one that cannot be read costs no other."""
    try:
        return mapping_of_row(stored)
    except MappingUnreadable:
        return None


async def tell_owners(uow: UnitOfWork, connection: Opened) -> None:
    """Let others know which fields only this connection writes."""
    await connections.tell_owners(uow, connection.id, owned_fields(mapping_of(connection)))


async def fields_of(
    service: Service,
    connection: Opened,
    client: Salesforce,
    sobject: str,
    *,
    anew: bool = False,
) -> list[dict[str, Any]] | None:
    """What our user may see of an object; None if it is not there for us. Remembered for ten
    minutes, unless `anew`.
    """
    cause: Sequence[Cause] = [connection.cause]
    async with service.units.begin(connection.workspace_id, cause, read_only=True) as uow:
        known = await queries.described(
            uow.session, uow.workspace_id, connection.id, sobject, _DESCRIBED_FOR
        )
    if known is not None and known.is_fresh and not anew:
        return known.fields
    described = await client.describe(sobject, known.last_modified if known and not anew else None)
    async with service.units.begin(connection.workspace_id, cause) as uow:
        where = uow.session, uow.workspace_id, connection.id, sobject
        if described is not None:
            fields = readable_fields(described.fields)
            await queries.keep_description(*where, fields, described.last_modified)
            return fields
        if known is not None and known.last_modified is not None and not anew:
            await queries.touch_description(*where)
            return known.fields
    return None


async def hidden_everywhere(service: Service, connection: Opened, client: Salesforce) -> list[str]:
    """Ask for every mapped object anew: what the mapping names and our user cannot see."""
    hidden: list[str] = []
    for each in mapping_of(connection).objects:
        fields = await fields_of(service, connection, client, each.object, anew=True)
        visible = [field["name"] for field in fields or ()]
        hidden += [f"{each.object}.{name}" for name in hidden_fields(each, visible)]
    return hidden


async def remembered_fields(
    service: Service, connection: Opened, sobject: str
) -> list[dict[str, Any]] | None:
    """What we last heard of an object; Salesforce is not asked."""
    async with service.units.begin(
        connection.workspace_id, [connection.cause], read_only=True
    ) as uow:
        known = await queries.described(
            uow.session, uow.workspace_id, connection.id, sobject, _DESCRIBED_FOR
        )
    return None if known is None else known.fields

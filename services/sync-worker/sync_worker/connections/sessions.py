"""Sessions with other systems, kept in the connection's row so that all processes share one."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from pydantic_core import from_json, to_json

from shared.encryption import CannotDecrypt, SecretBox
from shared.fault_points import faultpoint
from shared.ids import new_id
from shared.net.answers import OutgoingError
from shared.net.http import HttpClient
from shared.service import Service
from shared.uow import UnitOfWork
from sync_worker.connections import queries
from sync_worker.connections.sealing import token_binding
from sync_worker.connections.service import Opened
from sync_worker.connectors.base import Answer, Auth, Grant, SystemTrouble

_REFRESH_LEASE = 45.0
"""Longer than a token request may take, so that two never run at once."""
_LOOK_AGAIN = 0.1
_GRANT_DEADLINE = 30.0


@dataclass(frozen=True)
class SigningIn:
    """The one outgoing client, for one token request at a time."""

    http: HttpClient

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes
    ) -> Answer:
        return await self.http.request(
            method, url, headers=headers, content=content, deadline=_GRANT_DEADLINE, breaks=False
        )


@dataclass(frozen=True, slots=True)
class Session:
    """A grant, and the how-manieth of its connection it is."""

    grant: Grant
    generation: int


class StoredSessions:
    """Sessions of one connection.

    One process at a time asks for a new one: the claim is a lease in the row, because no lock is
    held across the network. The new session is stored before it is used: with rotating refresh
    tokens a lost one would end the grant.
    """

    def __init__(self, service: Service, connection: Opened, auth: Auth) -> None:
        self._service = service
        self._connection = connection
        self._auth = auth
        self._known: Session | None = None

    async def current(self) -> Session:
        if self._known is None:
            self._known, generation = await self._stored()
            if self._known is None:
                self._known = await self._newer_than(generation)
        return self._known

    async def renewed(self, stale: Session) -> Session:
        """A session newer than `stale`, stored before it is handed out."""
        self._known = await self._newer_than(stale.generation)
        return self._known

    async def _newer_than(self, generation: int) -> Session:
        """Raises `SystemTrouble` or `OutgoingError` when there is none to be had."""
        me = new_id()
        while True:
            session, stored = await self._stored()
            if session is not None and stored > generation:
                return session
            if await self._claim(me, stored):
                return await self._request(me, session, stored)
            await asyncio.sleep(_LOOK_AGAIN)

    async def _request(self, me: UUID, stale: Session | None, stored: int) -> Session:
        opened = self._connection
        try:
            grant = await self._auth.renew(
                SigningIn(self._service.outside),
                opened.settings,
                opened.secrets,
                stale.grant if stale else None,
            )
        except (SystemTrouble, OutgoingError):
            await self._give_up(me)
            raise
        faultpoint("connections.token_received", opened.workspace_id)
        token = {
            "access_token": grant.access_token,
            "instance_url": grant.base_url,
            "refresh_token": grant.refresh_token,
        }
        async with self._begin() as uow:
            sealed = self._service.secrets.seal(
                to_json(token).decode(), *token_binding(uow.workspace_id, opened.id)
            )
            kept = await queries.store_token(uow, opened.id, by=me, sealed=sealed)
        if not kept:
            raise OutgoingError("Another process renewed the session meanwhile.")
        return Session(grant, stored + 1)

    async def _stored(self) -> tuple[Session | None, int]:
        async with self._begin() as uow:
            token, generation = await _stored_token(uow, self._service.secrets, self._connection.id)
        if token is None:
            return None, generation
        grant = Grant(token["access_token"], token["instance_url"], token["refresh_token"])
        return Session(grant, generation), generation

    async def _claim(self, me: UUID, generation: int) -> bool:
        async with self._begin() as uow:
            return await queries.claim_refresh(
                uow, self._connection.id, by=me, generation=generation, seconds=_REFRESH_LEASE
            )

    async def _give_up(self, me: UUID) -> None:
        async with self._begin() as uow:
            await queries.give_up_refresh(uow, self._connection.id, by=me)

    def _begin(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._service.units.begin(self._connection.workspace_id, [self._connection.cause])


async def _stored_token(
    uow: UnitOfWork, box: SecretBox, connection_id: UUID
) -> tuple[dict[str, Any] | None, int]:
    """What the other system gave us last, and its generation; None for what no key of ours opens,
    so that we sign in again.
    """
    row = await queries.token_row(uow, connection_id)
    if row.sealed is None:
        return None, row.generation
    try:
        opened = box.open(row.sealed, *token_binding(uow.workspace_id, connection_id))
    except CannotDecrypt:
        return None, row.generation
    return cast("dict[str, Any]", from_json(opened)), row.generation

"""Makes one item of many one that the database refuses, which no code before it can know."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.roles import OWNER, role_url
from shared.ids import new_id
from tests.harness import Tenure, Workspace


@dataclass(frozen=True)
class World:
    tenure: Tenure
    ws: Workspace

    @asynccontextmanager
    async def refusing(self, table: str, condition: str) -> AsyncIterator[None]:
        """No row of `table` for which `condition` holds can be stored meanwhile."""
        password = self.tenure.secrets.passwords[OWNER]
        url = role_url(self.tenure.admin_url, OWNER, password, self.tenure.database)
        engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
        name = f"poison_{new_id().hex[-12:]}"
        async with engine.connect() as connection:
            check = f"check (not coalesce({condition}, false)) not valid"
            await connection.execute(text(f"alter table {table} add constraint {name} {check}"))
            try:
                yield
            finally:
                await connection.execute(text(f"alter table {table} drop constraint {name}"))
        await engine.dispose()

    async def make(self, path: str, **body: Any) -> str:
        answer = await self.ws.admin.post(path, body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def accounts(self, **more: Any) -> list[str]:
        """Three, of which the second is to be spoilt."""
        return [await self.make("/v1/accounts", name=f"Item {n}", **more) for n in range(3)]

    async def contacts(self, **more: Any) -> list[str]:
        return [await self.make("/v1/contacts", name=f"Item {n}", **more) for n in range(3)]

    async def held(self, service: str) -> list[dict[str, Any]]:
        """What the service holds back; its status counts it."""
        found = (await self.ws.observer.get(f"/v1/held-work/{service}")).json()["data"]
        return list(found)

    async def retry(self, service: str) -> None:
        """Ask for everything that is held; then nothing is."""
        for row in await self.held(service):
            answer = await self.ws.admin.post(f"/v1/held-work/{service}/{row['id']}/retry")
            assert answer.status_code == 200, answer.text
        await self.tenure.settle()
        assert await self.held(service) == []


Step = Callable[[World], Awaitable[None]]
Made = TypeVar("Made")


class Steps(dict[str, Made]):
    """What proves each step of a worker, by the step's name."""

    def named(self, name: str) -> Callable[[Made], Made]:
        def add(made: Made) -> Made:
            self[name] = made
            return made

        return add

"""What a worker says to who asks whether it may be relied on."""

import httpx2

from shared.service import Service
from shared.worker import health_app
from tests.harness import Tenure


async def ask(service: Service, path: str) -> tuple[int, str]:
    transport = httpx2.ASGITransport(health_app(service))
    async with httpx2.AsyncClient(transport=transport, base_url="http://worker") as client:
        answer = await client.get(path)
    return answer.status_code, answer.text


async def test_a_worker_that_lost_its_database_is_alive_and_not_ready(tenure: Tenure) -> None:
    assert await ask(tenure.workers["tasks"], "/readyz") == (200, "ok")
    nowhere = tenure.settings(
        "tasks", DATABASE_URL="postgresql+asyncpg://nobody:x@127.0.0.1:9/none"
    )
    lost = Service.build("tasks", nowhere)
    try:
        assert await ask(lost, "/readyz") == (503, "The database is not reachable.")
        assert await ask(lost, "/livez") == (200, "ok")
        lost.draining = True
        assert await ask(lost, "/readyz") == (503, "stopping")
    finally:
        await lost.close()

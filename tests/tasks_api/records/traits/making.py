"""A workspace whose tasks or notes have traits that their service knows."""

from typing import Any

from tests.accounts_api.records.making import make_trait
from tests.harness import Client, Tenure, Workspace
from tests.tasks_api.records.making import acme, row

EFFORT: dict[str, Any] = {"options": [{"value": "small"}, {"value": "large"}]}


class World:
    def __init__(self, tenure: Tenure, ws: Workspace, kind: str) -> None:
        self.tenure, self.ws, self.kind = tenure, ws, kind
        self.path = f"/v1/{kind}s"
        self.account = ""

    async def define(self, key: str, type_: str, **more: Any) -> None:
        await make_trait(self.ws, self.kind, key, type_, **more)

    async def known(self) -> None:
        """What was defined is known where tasks and notes are kept."""
        await self.tenure.hear("tasks", "accounts")

    def body(self, **said: Any) -> dict[str, Any]:
        about = {"subject_type": "account", "subject_id": self.account}
        return {"title": "It", **about, **said}

    async def make(self, traits: dict[str, Any], **said: Any) -> dict[str, Any]:
        made = await self.ws.admin.post(self.path, self.body(traits=traits, **said))
        assert made.status_code == 201, made.text
        return dict(made.json())

    async def refusal(
        self, traits: dict[str, Any], client: Client | None = None
    ) -> list[tuple[str, str]]:
        answer = await (client or self.ws.admin).post(self.path, self.body(traits=traits))
        assert answer.status_code == 422, answer.text
        return [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]]

    async def traits_of(self, record_id: str) -> dict[str, Any]:
        return dict((await self.ws.admin.get(f"{self.path}/{record_id}")).json()["traits"])

    async def titles(self, **query: str) -> list[str]:
        answer = await self.ws.admin.get(self.path, params=query)
        assert answer.status_code == 200, answer.text
        return [one["title"] for one in answer.json()["data"]]

    async def bulk(self, rows: list[dict[str, Any]], **said: Any) -> dict[str, Any]:
        listed = [row(number, **one) for number, one in enumerate(rows)]
        answer = await self.ws.admin.post(f"{self.path}/bulk", {"rows": listed, **said})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def change(self, key: str, body: dict[str, Any], **query: str) -> Any:
        return await self.ws.admin.patch(
            f"/v1/traits/{self.kind}.{key}", body, params=query, headers={"if-match": "*"}
        )

    async def delete(self, key: str, **query: str) -> Any:
        path = f"/v1/traits/{self.kind}.{key}"
        return await self.ws.admin.delete(path, params=query, headers={"if-match": "*"})


async def world(tenure: Tenure, kind: str) -> World:
    made = World(tenure, await tenure.workspace(), kind)
    made.account = (await acme(made.ws))["id"]
    return made

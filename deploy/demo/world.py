"""Everything a chapter needs: Tenure, the world around it, and the one clock of both."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from deploy.demo.inside import Api, Database
from deploy.demo.narrator import Narrator
from deploy.demo.outside import Mail, Partner, Salesforce
from deploy.demo.stage import BEGIN, Stage

Json = dict[str, Any]


@dataclass
class World:
    stage: Stage
    story: Narrator
    api: Api
    observer: Api
    keiko: Api
    """The renewal manager's own key, once she has one; until then the admin's."""
    database: Database
    salesforce: Salesforce
    mail: Mail
    partner: Partner
    smtp: tuple[str, int]
    imap: tuple[str, int]
    now: datetime = BEGIN
    ids: dict[str, str] = field(default_factory=dict)
    """What chapters made, by the name the story knows it by."""

    @classmethod
    def of(cls, stage: Stage, about: Json, story: Narrator) -> Self:
        told = about["sandbox"]
        admin = Api(about["gateway_url"], about["api_key"])
        salesforce, mail, hooks = told["salesforce"], told["mail"], told["webhooks"]
        return cls(
            stage=stage,
            story=story,
            api=admin,
            keiko=admin,
            observer=Api(about["gateway_url"], about["observer_api_key"]),
            database=Database(about["database_url"], about["workspace_id"]),
            salesforce=Salesforce(
                salesforce["url"], salesforce["client_id"], salesforce["client_secret"]
            ),
            mail=Mail(mail["control_url"]),
            partner=Partner(hooks["control_url"], hooks["hooks_url"]),
            smtp=(mail["smtp_host"], mail["smtp_port"]),
            imap=(mail["imap_host"], mail["imap_port"]),
        )

    async def close(self) -> None:
        parties = (self.api, self.keiko, self.observer, self.salesforce, self.mail, self.partner)
        await asyncio.gather(*(party.close() for party in parties))

    async def move_clock(self, to: datetime, why: str | None = None) -> float:
        """For Tenure, Salesforce and the mail world alike; the seconds until all is quiet again."""
        if why is not None:
            self.story.clock(to, why)
        await asyncio.gather(self.salesforce.set_clock(to), self.mail.set_clock(to))
        await self.api.put("/v1/workspace/clock", {"frozen_at": to.isoformat()})
        self.now = to
        return await self.api.settle()

    async def advance(self, by: timedelta, why: str | None = None) -> float:
        return await self.move_clock(self.now + by, why)

    async def opportunity(self, external_id: str) -> Json:
        return dict(await self.api.get(f"/v1/opportunities/by-external-id/{external_id}"))

    async def account(self, external_id: str, **query: Any) -> Json:
        found: Json = await self.api.get(f"/v1/accounts/by-external-id/{external_id}", **query)
        return found

    async def contact(self, external_id: str) -> Json:
        return dict(await self.api.get(f"/v1/contacts/by-external-id/{external_id}"))

    async def found(self, path: str, **equal: str) -> list[Json]:
        rule = " and ".join(f'{name} = "{value}"' for name, value in equal.items())
        return await self.api.every(path, filter=rule)

    async def open_tasks(self, **equal: str) -> list[Json]:
        return await self.found("/v1/tasks", status="open", **equal)

    async def members_of(self, segment: str) -> set[str]:
        rows = await self.api.every(f"/v1/segments/{self.ids[segment]}/members")
        return {row["record_id"] for row in rows}

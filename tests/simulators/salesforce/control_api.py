"""`/__control/`: what a test, or a person in Salesforce's own screens, does to the org."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from tests.simulators.control import BadControl, control_route
from tests.simulators.salesforce import seed
from tests.simulators.salesforce.editing import People
from tests.simulators.salesforce.landmarks import LANDMARKS
from tests.simulators.salesforce.world import World

Given = dict[str, Any]


def routes(world: World) -> list[Route]:
    control = Control(world)
    handlers = (
        ("/settings", "GET", control.settings),
        ("/settings", "PATCH", control.settings),
        ("/app", "GET", control.app),
        ("/app", "PATCH", control.app),
        ("/seed", "POST", control.seed),
        ("/reset", "POST", control.reset),
        ("/sessions", "DELETE", control.end_sessions),
        ("/landmarks", "GET", control.landmarks),
        ("/records", "POST", control.create),
        ("/records/bulk-update", "POST", control.bulk_update),
        ("/records/touch", "POST", control.touch),
        ("/records/merge", "POST", control.merge),
        ("/records/{record_id}", "GET", control.read),
        ("/records/{record_id}", "PATCH", control.update),
        ("/records/{record_id}", "DELETE", control.delete),
        ("/records/{record_id}/undelete", "POST", control.undelete),
    )
    return [control_route(path, method, handler) for path, method, handler in handlers]


class Control:
    def __init__(self, world: World) -> None:
        self._world = world
        self._people = People(world)

    # The org as a whole

    async def settings(self, _: Request, given: Given) -> Given:
        if given:
            self._world.org.configure(given)
        return asdict(self._world.org.settings)

    async def app(self, _: Request, given: Given) -> Given:
        app = self._world.auth.app
        for name, value in given.items():
            if name not in asdict(app):
                raise BadControl(f"The connected app has no {name}.")
            setattr(app, name, value)
        shown = asdict(app) | {"private_key": self._world.auth.private_key}
        self._world.keep()
        return shown

    async def seed(self, _: Request, given: Given) -> Given:
        """Start over with the sandbox, or with its people alone if `seed` is null."""
        self._world.reset()
        if "now" in given:
            self._world.clock.set(datetime.fromisoformat(given["now"]))
        number = given.get("seed", seed.DEFAULT_SEED)
        if number is None:
            seed.people(self._world.org)
        else:
            accounts = int(given.get("accounts", seed.ACCOUNTS))
            seed.seed(self._world.org, int(number), accounts=accounts)
        counted = ("Account", "Contact", "Opportunity", "User")
        return {name: len(self._world.org.newest(name)) for name in counted}

    async def reset(self, _: Request, __: Given) -> None:
        self._world.reset()

    async def end_sessions(self, _: Request, __: Given) -> None:
        self._world.auth.end_sessions()

    async def landmarks(self, _: Request, __: Given) -> Given:
        return {name: asdict(mark) for name, mark in LANDMARKS.items()}

    # Records

    async def create(self, _: Request, given: Given) -> Given:
        return {"id": self._people.create(**given)}

    async def update(self, request: Request, given: Given) -> None:
        self._people.update(request.path_params["record_id"], **given)

    async def bulk_update(self, _: Request, given: Given) -> Given:
        found = self._people.select(given.pop("soql")) if "soql" in given else given.pop("ids")
        self._people.update_all(found, **given)
        return {"count": len(found)}

    async def touch(self, _: Request, given: Given) -> Given:
        found = self._people.select(given["soql"]) if "soql" in given else given["ids"]
        self._people.touch(found)
        return {"count": len(found)}

    async def read(self, request: Request, _: Given) -> Given:
        return dict(self._people.read(request.path_params["record_id"]))

    async def delete(self, request: Request, _: Given) -> None:
        self._people.delete(request.path_params["record_id"])

    async def undelete(self, request: Request, _: Given) -> None:
        self._people.undelete(request.path_params["record_id"])

    async def merge(self, _: Request, given: Given) -> None:
        self._people.merge(given["master"], given["losers"])

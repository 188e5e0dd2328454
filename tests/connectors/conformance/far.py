"""The far side of a connector, as tests act on it: a small adapter for each simulator."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from typing_extensions import override

from sync_worker.connectors.base import Meaning, RecordConnector
from sync_worker.connectors.salesforce.connector import Salesforce
from tests.connectors.shelf.connector import Shelf
from tests.simulators.control import FaultPlan, RequestLog
from tests.simulators.salesforce.server import SalesforceSimulator
from tests.simulators.shelf import ShelfSimulator


class Far(Protocol):
    """One stream of the system, whose records have a name."""

    stream: str
    settings: dict[str, Any]
    """What a connection to it is made of."""
    secret: str
    faults: FaultPlan
    log: RequestLog

    def add(self, name: str) -> str: ...
    def rename(self, record_id: str, name: str) -> None: ...
    def remove(self, record_id: str) -> None: ...
    def restore(self, record_id: str) -> None: ...
    def purge(self, record_id: str) -> None:
        """Gone without a trace."""
        ...

    def merge(self, winner: str, loser: str) -> None: ...
    def hide_name(self) -> None: ...
    def small_pages(self) -> None: ...
    def let_time_pass(self) -> None:
        """As long as it takes until a change shows."""
        ...

    def names(self) -> dict[str, str]:
        """The truth: the name of each live record, by id."""
        ...


class SalesforceFar(Far):
    def __init__(self, sf: SalesforceSimulator) -> None:
        self.sf = sf
        self.stream = "Account"
        self.secret = sf.app.client_secret
        self.settings = {
            "system": "salesforce",
            "title": "Far",
            "login_url": sf.url,
            "client_id": sf.app.client_id,
            "client_secret": sf.app.client_secret,
            "lag_seconds": 0,
        }
        self.faults, self.log = sf.faults, sf.log

    @override
    def add(self, name: str) -> str:
        return self.sf.people.create("Account", {"Name": name})

    @override
    def rename(self, record_id: str, name: str) -> None:
        self.sf.people.update(record_id, {"Name": name})

    @override
    def remove(self, record_id: str) -> None:
        self.sf.people.delete(record_id)

    @override
    def restore(self, record_id: str) -> None:
        self.sf.people.undelete(record_id)

    @override
    def purge(self, record_id: str) -> None:
        hidden = self.sf.org.settings.hidden_records
        self.sf.org.configure({"hidden_records": [*hidden, record_id]})

    @override
    def merge(self, winner: str, loser: str) -> None:
        self.sf.people.merge(winner, [loser])

    @override
    def hide_name(self) -> None:
        self.sf.org.configure({"hidden_fields": {"Account": ["Name"]}})

    @override
    def small_pages(self) -> None:
        self.sf.org.configure({"page_caps": [3, 1, 5]})

    @override
    def let_time_pass(self) -> None:
        self.sf.clock.advance(timedelta(seconds=2))

    @override
    def names(self) -> dict[str, str]:
        hidden = set(self.sf.org.settings.hidden_records)
        rows = (dict(row) for row in self.sf.org.scan("Account"))
        return {str(row["Id"]): str(row["Name"]) for row in rows if row["Id"] not in hidden}


class ShelfFar(Far):
    def __init__(self, shelf: ShelfSimulator) -> None:
        self.shelf = shelf
        self.stream = "companies"
        self.secret = shelf.token
        self.settings = {
            "system": "shelf",
            "title": "Far",
            "url": shelf.url,
            "token": shelf.token,
        }
        self.faults, self.log = shelf.faults, shelf.log

    @override
    def add(self, name: str) -> str:
        return self.shelf.put("companies", {"name": name})

    @override
    def rename(self, record_id: str, name: str) -> None:
        self.shelf.put("companies", {"name": name}, record_id)

    @override
    def remove(self, record_id: str) -> None:
        self.shelf.remove("companies", record_id)

    @override
    def restore(self, record_id: str) -> None:
        self.shelf.restore("companies", record_id)

    @override
    def purge(self, record_id: str) -> None:
        self.shelf.purge("companies", record_id)

    @override
    def merge(self, winner: str, loser: str) -> None:
        raise NotImplementedError

    @override
    def hide_name(self) -> None:
        self.shelf.hidden.add("name")

    @override
    def small_pages(self) -> None:
        self.shelf.page = 3

    @override
    def let_time_pass(self) -> None:
        """Its numbers show at once."""

    @override
    def names(self) -> dict[str, str]:
        found = self.shelf.live("companies")
        return {each: content["name"] for each, content in found.items()}


@asynccontextmanager
async def far_salesforce() -> AsyncIterator[Far]:
    async with SalesforceSimulator(seed=None) as sf:
        yield SalesforceFar(sf)


@asynccontextmanager
async def far_shelf() -> AsyncIterator[Far]:
    async with ShelfSimulator() as shelf:
        yield ShelfFar(shelf)


@dataclass(frozen=True)
class Case:
    """A connector, and what its simulator's own refusals mean."""

    connector: RecordConnector
    far: Callable[[], AbstractAsyncContextManager[Far]]
    name_field: str
    read_route: str
    """Matches the requests by which rows are read."""
    refusals: Mapping[str, Meaning]
    passing: tuple[str, ...]

    @override
    def __str__(self) -> str:
        return self.connector.spec.key


CASES = (
    Case(
        Salesforce(),
        far_salesforce,
        name_field="Name",
        read_route="FROM Account",
        refusals={
            "total_requests_limit": "quota",
            "api_disabled": "config",
            "query_timeout": "smaller",
        },
        passing=(
            "concurrent_requests_limit", "unknown_exception", "lock_row_400", "html_ok",
            "edge_420", "truncated", "reset", "lost_response", "invalid_session",
        ),
    ),
    Case(
        Shelf(),
        far_shelf,
        name_field="name",
        read_route="/files",
        refusals={"spent": "quota", "bad_token": "reauth"},
        passing=("too_fast", "down", "page", "truncated", "reset", "lost_response"),
    ),
)  # fmt: skip

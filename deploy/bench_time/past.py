"""The past beside the present: a page of fifty as of an instant after which a thousand changed."""

from functools import partial
from urllib.parse import quote

from accounts_api.customers.accounts.schemas import AccountRow
from accounts_api.records.requests.bodies import edit_of
from accounts_api.records.schema.record_schemas import ACCOUNT
from accounts_api.records.store.service import write
from deploy.bench.load import Load, Request, drive
from deploy.bench.measuring import Case, Result, of_loads
from deploy.bench.records import CONNECTIONS, FILTER, ROUNDS, SORT
from deploy.bench.seed import drawing, seed
from deploy.bench.stage import Stage
from shared.clock import utc_now

CHANGED = 1_000


async def prepare(stage: Stage) -> None:
    await seed(stage)


async def in_order(stage: Stage) -> Result:
    """The first page of an index."""
    return await _beside_now(stage, f"/v1/accounts?sort={SORT}")


async def found_by_a_rule(stage: Stage) -> Result:
    return await _beside_now(stage, f"/v1/accounts?filter={quote(FILTER)}&sort={SORT}")


async def _beside_now(stage: Stage, path: str) -> Result:
    """The list of now stands in the place of bare SQL."""
    draw, then = drawing(7), utc_now()
    rows = [
        {"external_id": f"bench-{number}", "arr": draw.randrange(100_000_000)}
        for number in draw.sample(range(stage.scale), CHANGED)
    ]
    async with stage.service("accounts").units.begin(stage.workspace_id, ()) as uow:
        edits = [edit_of(ACCOUNT, AccountRow.model_validate(row)) for row in rows]
        await write(uow, ACCOUNT, edits)
    process = await stage.start_web_process("accounts")
    asked = {"now": path, "then": f"{path}&as_of={quote(then.isoformat())}"}
    loads: dict[str, list[Load]] = {name: [] for name in asked}
    for _ in range(ROUNDS):
        for name, where in asked.items():
            loads[name].append(
                await drive(
                    process,
                    partial(_the_same, Request("GET", where)),
                    stage.headers(),
                    seconds=stage.seconds,
                    connections=CONNECTIONS,
                )
            )
    now = [load.per_second for load in loads["now"]]
    return of_loads(loads["then"], now, target="ratio >= 0.5: at most twice the list of now")


def _the_same(request: Request, _: int) -> Request:
    return request


CASES = (
    Case("accounts of the past: page of 50, sorted", in_order),
    Case("accounts of the past: filtered and sorted", found_by_a_rule),
)

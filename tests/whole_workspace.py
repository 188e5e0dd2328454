"""A workspace in which there is one of everything that has an id of ours."""

from pathlib import Path

from shared.settings import SERVICES
from tests.harness import Tenure, Workspace
from tests.seed_data import (
    Furniture,
    bury_unreadable,
    collections,
    find_more,
    furnish,
    hold_something,
)
from tests.sequencer.renewals import Renewals
from tests.simulators.mail import MailSimulator


async def one_of_everything(tenure: Tenure, ws: Workspace, folder: Path) -> Furniture:
    """What one request makes, what a renewal's story leaves, and what has failed."""
    async with MailSimulator(folder) as mail:
        story = Renewals(tenure, ws, mail)
        await story.furnish()
        await story.sequence(90)
        await story.opportunity()
        found = await furnish(ws)
        await ws.admin.post(
            "/v1/tasks", {"title": "Look", "assignee_id": ws.details["observer_id"]}
        )
        rows = [{"external_id": "quiet", "name": "Imported"}]
        await ws.admin.post("/v1/accounts/bulk", {"automation": "quiet", "rows": rows})
        await tenure.settle()
    for service in SERVICES:
        await bury_unreadable(tenure, ws, service)
    for service in (one for one in SERVICES if f"held-work/{one}" in collections()):
        await hold_something(tenure, ws, service)
    await find_more(ws, found)
    return found

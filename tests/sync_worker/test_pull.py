"""Pulling from Salesforce, over real sockets into the real accounts service."""

from tests.sync_worker.conftest import Org


async def test_the_first_run_reads_everything(org: Org) -> None:
    await org.connect()
    run = await org.sync()
    assert run["status"] == "succeeded", run
    assert run["kind"] == "full"
    accounts = await org.all("accounts")
    assert accounts.keys() == org.rows("Account").keys()

"""What one row, record, change or webhook raises costs that one: those before and after it go on.

Every step that judges many and then writes is given three, and the one in the middle is poisoned:
it makes the code or the service behind the step raise something that nobody foresaw.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from typing_extensions import override

from accounts_api.identity.members import service as members
from accounts_api.records.editing.batch import Batch
from accounts_api.records.editing.edits import Edit
from sync_worker.connectors.base import Intent, Link, SystemTrouble, Trouble
from sync_worker.connectors.salesforce.connector import Salesforce
from sync_worker.crm_sync.inbound import apply_rows, rules
from sync_worker.crm_sync.source_records import service as source_records
from sync_worker.crm_sync.source_records.service import Kept
from sync_worker.crm_sync.write_backs.service import _written  # noqa: PLC2701  (its halving alone)
from tests.sync_worker.making import Org

Poison = Callable[[pytest.MonkeyPatch, str], None]


class Surprise(Exception):
    """What nobody foresaw."""


def in_reading_a_row(patch: pytest.MonkeyPatch, poisoned: str) -> None:
    before = rules.folded

    def fold(mapping: Any, kind: Any, row: Any, locale: Any) -> Any:
        if row.id == poisoned:
            raise Surprise
        return before(mapping, kind, row, locale)

    patch.setattr(apply_rows, "folded", fold)


def in_writing_a_record(patch: pytest.MonkeyPatch, poisoned: str) -> None:
    """The accounts service fails on the whole batch, and says no more than 500."""
    before = Batch.apply

    def apply(batch: Batch, edit: Edit) -> None:
        if edit.external_id == poisoned:
            raise Surprise
        before(batch, edit)

    patch.setattr(Batch, "apply", apply)


def in_keeping_a_row(patch: pytest.MonkeyPatch, poisoned: str) -> None:
    before = source_records.keep_records

    async def keep(
        uow: Any, connection: Any, sobject: str, rows: Sequence[Kept], scan: Any
    ) -> None:
        if any(row.external_id == poisoned and row.content for row in rows):
            raise Surprise
        await before(uow, connection, sobject, rows, scan)

    patch.setattr(source_records, "keep_records", keep)


def three(org: Org, sobject: str) -> list[str]:
    more: dict[str, Any] = {}
    if sobject == "Opportunity":
        more = {"StageName": "Discovery", "Type": "Renewal", "CloseDate": "2026-12-31"}
    name = "LastName" if sobject == "Contact" else "Name"
    return [org.sf.people.create(sobject, {name: f"{n}", **more}) for n in ("A", "B", "C")]


PLURALS = {"Account": "accounts", "Contact": "contacts", "Opportunity": "opportunities"}


@pytest.mark.parametrize("poison", [in_reading_a_row, in_writing_a_record, in_keeping_a_row])
async def test_a_row_that_raises_is_rejected_and_the_others_are_here(
    small_org: Org, monkeypatch: pytest.MonkeyPatch, poison: Poison
) -> None:
    org = small_org
    await org.connect()
    for sobject, plural in PLURALS.items():
        made = three(org, sobject)
        poisoned = made[1]
        with monkeypatch.context() as patch:
            poison(patch, poisoned)
            run = await org.sync()
        assert (run["status"], run["rejected"]) == ("partial", 1), run["reason"]
        path = f"/v1/connections/{org.connection_id}/rejected-records?object={sobject}"
        (rejected,) = (await org.ws.admin.get(path)).json()["data"]
        assert (rejected["external_id"], bool(rejected["reason"])) == (poisoned, True)
        here = await org.all(plural)
        others = set(made) - {poisoned}
        assert others <= here.keys(), sobject
        assert (poisoned in here) == (poison is in_keeping_a_row)
        retried = await org.ws.admin.post(
            f"/v1/connections/{org.connection_id}/rejected-records/retry"
        )
        await org.tenure.settle()
        assert (await org.run(retried.json()["id"]))["status"] == "succeeded"
        assert set(made) <= (await org.all(plural)).keys(), "mended, it comes"


async def test_an_ending_that_raises_waits_and_the_others_end(
    small_org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deletions and merges are written in batches too."""
    org = small_org
    ids = three(org, "Contact")
    merged = [three(org, "Account") for _ in range(2)]
    await org.connect()
    await org.sync()
    for each in ids:
        org.sf.people.delete(each)
    for winner, *losers in merged:
        org.sf.people.merge(winner, losers)
    with monkeypatch.context() as patch:
        in_writing_a_record(patch, ids[1])
        run = await org.sync()
    assert run["deleted"] == 2 + 4, run
    assert ids[1] in await org.all("contacts")
    path = f"/v1/connections/{org.connection_id}/rejected-records"
    assert [row["external_id"] for row in (await org.ws.admin.get(path)).json()["data"]] == [ids[1]]


async def test_a_member_that_raises_is_rejected_and_the_others_are_here(
    small_org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = small_org
    users = sorted(org.rows("User"))
    poisoned = users[1]
    before = members.upsert_member

    async def put(uow: Any, caller: Any, external_id: str, *args: Any, **more: Any) -> Any:
        if external_id == poisoned:
            raise Surprise
        return await before(uow, caller, external_id, *args, **more)

    await org.connect()
    with monkeypatch.context() as patch:
        patch.setattr(members, "upsert_member", put)
        run = await org.sync()
    assert (run["status"], run["rejected"]) == ("partial", 1), run["reason"]
    everyone = (await org.ws.admin.get("/v1/members?limit=200")).json()["data"]
    here = {member["external_id"] for member in everyone}
    assert set(users) - here == {poisoned}


async def test_a_run_that_raises_is_told_and_holds_up_no_other_connection(
    small_org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = small_org

    async def pull(turn: Any) -> None:
        raise Surprise

    await org.connect()
    with monkeypatch.context() as patch:
        patch.setattr("sync_worker.crm_sync.inbound.service.pull", pull)
        run = await org.sync()
    assert (run["status"], "on our side" in run["reason"]) == ("failed", True)
    assert (await org.sync())["status"] == "succeeded"


class Refusing(Salesforce):
    """Refuses a whole request when one record of it is not to its liking."""

    def __init__(self, poisoned: str) -> None:
        self.poisoned = poisoned
        self.taken: list[str] = []

    @override
    async def write(self, link: Link, intents: Sequence[Intent]) -> Sequence[Trouble | None]:
        if self.poisoned in [each.id for each in intents]:
            raise SystemTrouble(Trouble("refused", "JSON_PARSER_ERROR: no."))
        self.taken += [each.id for each in intents]
        return [None] * len(intents)


class NoLink:
    """Of a connector that asks nothing."""

    settings: dict[str, Any] = {}
    clock = None

    async def get(self, *_: Any, **__: Any) -> Any:
        raise AssertionError

    async def send(self, *_: Any) -> Any:
        raise AssertionError


@pytest.mark.parametrize("count", [1, 2, 3, 200])
async def test_a_value_that_makes_salesforce_refuse_a_request_costs_only_itself(count: int) -> None:
    intents = [Intent("Opportunity", f"r{n}", {"F": "v"}) for n in range(count)]
    connector = Refusing(f"r{count // 2}")
    troubles = await _written(connector, NoLink(), intents)
    assert [place for place, trouble in enumerate(troubles) if trouble] == [count // 2]
    assert connector.taken == [each.id for each in intents if each.id != connector.poisoned]

"""What the features of the service do for each other is what their process was handed."""

from collections.abc import Sequence

import pytest

from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.usages import service as usages
from accounts_api.evaluation.usages.service import UsageHooks
from accounts_api.records.store import hooks
from accounts_api.records.store.hooks import RecordChange, RecordHooks
from accounts_api.wiring import WIRING
from shared.ids import new_id
from shared.service import Service
from shared.uow import UnitOfWork, Wiring
from shared.usages import Usage
from tests.harness import Tenure


def handed(tenure: Tenure, wiring: Wiring) -> Service:
    return Service.build("accounts", tenure.settings("accounts"), wiring)


async def test_only_who_is_in_the_lists_hears_and_is_asked(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    heard: list[str] = []

    async def hear(_: UnitOfWork, record_type: str, changes: Sequence[RecordChange]) -> None:
        heard.extend(f"{record_type} {change.change}" for change in changes)

    async def find(_: UnitOfWork, what: str, __: str | None, key: str) -> Sequence[Usage]:
        return [Usage("report", key, what)]

    service = handed(tenure, (RecordHooks(on_changes=(hear,)), UsageHooks(finders=(find,))))
    try:
        async with service.units.begin(ws.id, ()) as uow:
            before = await engine.due_work(uow)
            await hooks.notify(uow, "account", [created()])
            assert heard == ["account created"]
            assert await engine.due_work(uow) == before, "rules are not in the lists"
            users = await usages.find_usages(uow, "key_role", None, "csm")
            assert users == [Usage("report", "csm", "key_role")]
    finally:
        await service.close()


async def test_a_process_that_was_handed_nothing_writes_nothing(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    service = handed(tenure, ())
    try:
        async with service.units.begin(ws.id, ()) as uow:
            with pytest.raises(LookupError, match="RecordHooks"):
                await hooks.notify(uow, "account", [created()])
    finally:
        await service.close()


def test_each_part_is_in_the_wiring_once() -> None:
    """`wired` answers with the first of a type."""
    assert len({type(part) for part in WIRING}) == len(WIRING)


def created() -> RecordChange:
    return RecordChange(new_id(), "created", frozenset({"name"}), None, {"name": "Acme"})

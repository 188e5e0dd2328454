from typing import Annotated, Any

from fastapi import APIRouter
from starlette.requests import Request

from accounts_api.automation.judgements import service
from accounts_api.automation.judgements.schemas import JudgementsIn, QuestionsIn, SnapshotsIn
from accounts_api.automation.judgements.snapshots import snapshots
from shared.auth import Caller
from shared.routers.internal import Peer, on_behalf
from shared.routers.usages import peer_transaction

internal = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, on_behalf("records:read")]


@internal.post("/internal/judgements")
async def judgements(
    data: JudgementsIn, request: Request, peer: Peer, caller: Reader
) -> dict[str, Any]:
    """By record: the verdict of each rule and until when it stays, unless data change; the version
    they are of; and on request values and why.
    """
    async with peer_transaction(request, caller) as uow:
        return await service.judge(uow, peer.issuer, data)


@internal.post("/internal/snapshots")
async def record_snapshots(data: SnapshotsIn, request: Request, caller: Reader) -> dict[str, Any]:
    """What rules see of records, with all it takes to evaluate the rules over them elsewhere and at
    other moments.
    """
    async with peer_transaction(request, caller) as uow:
        return await snapshots(uow, data)


@internal.post("/internal/questions/check")
async def check_questions(
    data: QuestionsIn, request: Request, caller: Annotated[Caller, on_behalf("segments:read")]
) -> dict[str, Any]:
    """Of each rule both forms and what it reads, or its faults."""
    async with peer_transaction(request, caller) as uow:
        return {"questions": await service.check_questions(uow, data.questions)}

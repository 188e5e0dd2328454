from typing import Annotated, Any
from uuid import UUID

from shared.auth import Caller
from shared.routers.key_or_id import by_key_or_id
from shared.web.routing import ServiceDep, api_router, require
from sync_worker.partners.webhook_sending import service
from sync_worker.partners.webhook_sending.schemas import WebhookTestResult
from sync_worker.partners.webhooks import service as webhooks

router = api_router("/v1", "Webhooks")

Writer = Annotated[Caller, require("webhooks:write")]


@router.post(
    "/webhook-endpoints/{id}/test",
    summary="Test a webhook endpoint",
    response_model=WebhookTestResult,
)
async def test_webhook_endpoint(
    endpoint_id: Annotated[UUID, by_key_or_id(webhooks.KEYS, webhooks.EndpointNotFound)],
    caller: Writer,
    the_service: ServiceDep,
) -> dict[str, Any]:
    """Sends a test event. A signed `webhook.test` is sent now, once, and the answer is shown. Not
    repeated by itself; works for a disabled endpoint too.
    """
    outcome = await service.send_test(the_service, caller, endpoint_id)
    claim, reply = outcome.claim, outcome.reply
    return {
        "succeeded": outcome.verdict == "succeeded",
        "delivery_id": claim.id,
        "event_id": claim.event_id,
        "attempt": {
            "number": claim.number,
            "started_at": outcome.started_at,
            "status_code": reply.status,
            "milliseconds": reply.milliseconds,
            "error": reply.error,
            "response": service.shown(reply.body),
        },
    }

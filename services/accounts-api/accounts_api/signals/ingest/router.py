from typing import Annotated, Any, Final

from fastapi.routing import APIRoute

from accounts_api.signals.ingest import service
from accounts_api.signals.ingest.route import (
    OF_BROWSERS,
    OF_SERVERS,
    PERMISSION,
    IngestRoute,
    preflight,
)
from accounts_api.signals.ingest.schemas import (
    AliasIn,
    BatchIn,
    BrowserBatchIn,
    BrowserMessageIn,
    GroupIn,
    IdentifyIn,
    PageIn,
    ScreenIn,
    TrackIn,
    TrackOut,
)
from shared.auth import Caller
from shared.web.routing import Uow, api_router, require

router = api_router("/v1", "Product events")
router.route_class = IngestRoute

Sender = Annotated[Caller, require(PERMISSION)]
PATHS: Final = (*OF_SERVERS, *OF_BROWSERS)
for _path in PATHS:
    router.add_api_route(
        _path,
        preflight,
        methods=["OPTIONS"],
        include_in_schema=False,
        route_class_override=APIRoute,
        name=f"preflight_{_path}",
    )


@router.post("/track", summary="Track a product event", response_model=TrackOut)
async def track_event(data: TrackIn, caller: Sender, uow: Uow) -> dict[str, Any]:
    """Stores one event, as Segment's HTTP Tracking API does: point an SDK at this host, with an API
    key as the write key. The key may come as the user name of Basic authentication.
    """
    return await service.take_one(uow, data, "track")


@router.post("/identify", summary="Identify a product user", response_model=TrackOut)
async def identify_user(data: IdentifyIn, caller: Sender, uow: Uow) -> dict[str, Any]:
    """Keeps what is known of a user. Traits that are mapped are written to the contact whose
    `external_id`, or else address, it is; what is said of a contact who is not here yet waits.
    """
    return await service.take_one(uow, data, "identify")


@router.post("/group", summary="Group product users", response_model=TrackOut)
async def group_users(data: GroupIn, caller: Sender, uow: Uow) -> dict[str, Any]:
    """Keeps what is known of a group. Traits that are mapped are written to the account whose
    `external_id` it is; who belongs to it is not changed.
    """
    return await service.take_one(uow, data, "group")


@router.post("/page", summary="View a page of the product", response_model=TrackOut)
async def view_page(data: PageIn, caller: Sender, uow: Uow) -> dict[str, Any]:
    """Counts the message, and keeps nothing of it: track what rules are to know."""
    return await service.take_one(uow, data, "page")


@router.post("/screen", summary="View a screen of the product", response_model=TrackOut)
async def view_screen(data: ScreenIn, caller: Sender, uow: Uow) -> dict[str, Any]:
    """Counts the message, and keeps nothing of it: track what rules are to know."""
    return await service.take_one(uow, data, "screen")


@router.post("/alias", summary="Alias a product user", response_model=TrackOut)
async def alias_user(data: AliasIn, caller: Sender, uow: Uow) -> dict[str, Any]:
    """Counts the message, and keeps nothing of it: two contacts that are one are merged."""
    return await service.take_one(uow, data, "alias")


@router.post("/batch", summary="Track product events", response_model=TrackOut)
async def track_events(data: BatchIn, caller: Sender, uow: Uow) -> dict[str, Any]:
    """Takes many messages of all types. The answer is 200 whenever the envelope can be read;
    `refused` names the messages that were not taken. The body may be compressed by gzip.
    """
    return await service.take_batch(uow, data)


@router.post("/t", summary="Track a product event of a browser", response_model=TrackOut)
async def track_browser_event(data: BrowserMessageIn, caller: Sender, uow: Uow) -> dict[str, Any]:
    """As `POST /v1/track`, as pages in a browser send it: from any origin, of any media type, with
    the key as `writeKey` in the body, which must have the scope `product_events:write` alone. What
    is refused is said in the answer, which is 200.
    """
    return await service.take_from_browser(uow, data.model_dump(), "track")


@router.post("/i", summary="Identify a product user of a browser", response_model=TrackOut)
async def identify_browser_user(data: BrowserMessageIn, caller: Sender, uow: Uow) -> dict[str, Any]:
    """As `POST /v1/identify`, as pages in a browser send it."""
    return await service.take_from_browser(uow, data.model_dump(), "identify")


@router.post("/g", summary="Group product users of a browser", response_model=TrackOut)
async def group_browser_users(data: BrowserMessageIn, caller: Sender, uow: Uow) -> dict[str, Any]:
    """As `POST /v1/group`, as pages in a browser send it."""
    return await service.take_from_browser(uow, data.model_dump(), "group")


@router.post("/p", summary="View a page of the product in a browser", response_model=TrackOut)
async def view_browser_page(data: BrowserMessageIn, caller: Sender, uow: Uow) -> dict[str, Any]:
    """As `POST /v1/page`, as pages in a browser send it."""
    return await service.take_from_browser(uow, data.model_dump(), "page")


@router.post("/s", summary="View a screen of the product in a browser", response_model=TrackOut)
async def view_browser_screen(data: BrowserMessageIn, caller: Sender, uow: Uow) -> dict[str, Any]:
    """As `POST /v1/screen`, as pages in a browser send it."""
    return await service.take_from_browser(uow, data.model_dump(), "screen")


@router.post("/a", summary="Alias a product user of a browser", response_model=TrackOut)
async def alias_browser_user(data: BrowserMessageIn, caller: Sender, uow: Uow) -> dict[str, Any]:
    """As `POST /v1/alias`, as pages in a browser send it."""
    return await service.take_from_browser(uow, data.model_dump(), "alias")


@router.post("/b", summary="Track product events of a browser", response_model=TrackOut)
async def track_browser_events(data: BrowserBatchIn, caller: Sender, uow: Uow) -> dict[str, Any]:
    """As `POST /v1/batch`, as pages in a browser send it, `navigator.sendBeacon` too."""
    return await service.take_batch(uow, data)

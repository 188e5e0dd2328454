"""The limits that the guide names are those of the code."""

import re
from typing import Any

from accounts_api.customers.imports.service import KEPT_DAYS as IMPORT_DAYS
from accounts_api.language.spreadsheets.csv_file import MOST_ROWS
from accounts_api.signals.event_properties.rules import MOST_OF_AN_EVENT, MOST_PROPERTIES
from accounts_api.signals.ingest.schemas import MAX_ITEM_BYTES, MAX_ITEMS
from accounts_api.signals.product_events.service import DEDUPED_DAYS
from accounts_api.signals.profiles.service import MOST_MAPPINGS
from deploy import nginx
from deploy.gateway import proxy
from deploy.migrate import ROOT
from deploy.routes import LARGER_BODIES
from sequencer.sequences.quiet_entries.rows import KEPT as QUIET
from shared import ratelimit
from shared.bulk import MAX_ROWS
from shared.page_bytes import MAX_PAGE_BYTES
from shared.paging import MAX_LIMIT
from shared.settings import Settings
from shared.transport.middleware import MAX_BODY, MAX_TARGET
from shared.transport.protocol import HEAD_SECONDS, MAX_HEAD
from shared.web import idempotency
from sync_worker.partners.partner_events.service import KEPT_DAYS as EVENT_DAYS
from sync_worker.partners.webhook_deliveries.rules import MOST_ATTEMPTS
from sync_worker.partners.webhook_sending.client import TOTAL_SECONDS
from sync_worker.partners.webhooks.rules import OVERLAP
from sync_worker.partners.webhooks.service import MOST_ENDPOINTS
from tests.operations import app_of

PAGE = (ROOT / "docs/limits.md").read_text(encoding="utf-8")
LIMITS = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|", PAGE, re.MULTILINE))
PER_MINUTE = Settings.model_fields["rate_limit_per_minute"].default
HOURS = int(OVERLAP.total_seconds() // 3600)
(HELD,) = re.findall(r"clock_timestamp\(\) \+ interval '(\d+ hours)'", str(idempotency._STORE))
(HEAD_OF_NGINX,) = re.findall(r"large_client_header_buffers \d+ (\d+)k;", nginx.render())


def _size(size: int) -> str:
    return f"{size // 1024**2} MiB" if size % 1024**2 == 0 else f"{size // 1024} KiB"


def _feed(parameter: str) -> Any:
    operation = app_of("sync").openapi()["paths"]["/v1/events"]["get"]
    (schema,) = [each["schema"] for each in operation["parameters"] if each["name"] == parameter]
    return schema["maximum"]


EXPECTED = {
    "address: path and query": f"{MAX_TARGET:,} bytes",
    "all headers together": _size(MAX_HEAD),
    "one header, behind nginx": f"{HEAD_OF_NGINX} KiB",
    "body": _size(MAX_BODY),
    "body of a bulk write (`…/bulk`)": _size(LARGER_BODIES["accounts"]["/bulk"]),
    "body of an import (`PUT /v1/imports/{id}/file`)": _size(
        max(LARGER_BODIES["accounts"].values())
    ),
    "body without `Content-Length`": f"as its route, {_size(proxy._MAX_UNDECLARED_BYTES)} at most",
    "time to send all headers": f"{HEAD_SECONDS:g} seconds",
    "time to wait for an answer": f"{proxy._ANSWER_SECONDS:g} seconds",
    "rows on a page (`limit`)": f"{MAX_LIMIT}",
    "bytes of a page": _size(MAX_PAGE_BYTES),
    "events on a page of the feed": f"{_feed('limit'):,}",
    "seconds that the feed waits for an event (`wait`)": f"{_feed('wait'):g}",
    "rows of a bulk write": f"{MAX_ROWS:,}",
    "rows of an imported file": f"{MOST_ROWS:,}",
    "product events in one `POST /v1/batch`": f"{MAX_ITEMS:,}",
    "bytes of one product event": _size(MAX_ITEM_BYTES),
    "declared properties of product events": f"{MOST_PROPERTIES}",
    "declared properties of one event": f"{MOST_OF_AN_EVENT}",
    "mappings of product traits": f"{MOST_MAPPINGS}",
    "webhook endpoints of a workspace": f"{MOST_ENDPOINTS}",
    "events of the feed": f"{EVENT_DAYS} days",
    "webhook deliveries and their attempts": f"{EVENT_DAYS} days",
    "what a quiet batch held back can be released": f"{QUIET.days} days after its last write",
    "an imported file and what became of its rows": f"{IMPORT_DAYS} days",
    "the answer to an `Idempotency-Key`": HELD,
    "the id of a product event, by which a repeat is known": f"{DEDUPED_DAYS} days",
    "the old secret of a webhook endpoint, beside the new one": f"{HOURS} hours",
}


def test_every_limit_of_the_guide_is_that_of_the_code() -> None:
    named = {what: limit for what, limit in LIMITS.items() if what != "what"}
    assert named == EXPECTED


def test_the_rate_is_that_of_the_code() -> None:
    assert f"may send {PER_MINUTE:,} requests a minute" in PAGE
    headers = ratelimit.Decision(allowed=True, limit=PER_MINUTE, remaining=58_781, reset_seconds=46)
    for name, value in headers.headers().items():
        assert f"{name}: {value}\n" in PAGE


def test_a_webhook_is_tried_as_often_as_the_guide_says() -> None:
    assert f"tried {MOST_ATTEMPTS} times; your answer is awaited for {TOTAL_SECONDS:g} sec" in PAGE

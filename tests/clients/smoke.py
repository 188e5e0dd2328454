"""What somebody does who has the Python package, a URL and a key."""

import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from tenure_client import ApiError, Tenure, WebhookRejected, verify_webhook

client = Tenure(os.environ["TENURE"], os.environ["KEY"])

made = client.accounts.create(
    {"name": "Northwind", "external_id": "P-1", "arr": 100_000, "currency": "USD"}
)
identity = made.data["id"]
assert made.status == 201
assert made.etag
assert made.request_id

(row,) = client.accounts.list(filter='name = "Northwind"', fields="name").data["data"]
assert row["name"] == "Northwind" and "arr" not in row, row

changed = client.accounts.update(identity, {"arr": 200_000}, if_match=made.etag)
assert changed.data["arr"] == 200_000
assert changed.etag != made.etag
try:
    client.accounts.update(identity, {"arr": 1}, if_match=made.etag)
except ApiError as error:
    assert error.status == 412 and error.code and error.request_id, error
else:
    raise AssertionError("a second writer was not refused")

rows = {
    "rows": [{"external_id": f"P-{number}", "name": f"Branch {number}"} for number in range(2, 7)]
}
first = client.accounts.upsert(rows, idempotency_key="smoke")
again = client.accounts.upsert(rows, idempotency_key="smoke")
assert first.data["created"] == 5
assert not first.replayed
assert again.replayed
assert again.data == first.data

names = [each["name"] for each in client.accounts.list_all(sort="name", limit=2)]
assert names == sorted(names) and len(names) == 6, names
found = list(client.accounts.search_all({"query": "branch", "limit": 2}))
assert len(found) == 5, found
assert "Branch 2" in client.accounts.export().data

try:
    client.accounts.create({"name": ""})
except ApiError as error:
    assert error.status == 422 and error.errors[0]["pointer"] == "/name", error.errors
else:
    raise AssertionError("an empty name was taken")

received: list[tuple[bytes, dict[str, str]]] = []


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        received.append((self.rfile.read(int(self.headers["content-length"])), dict(self.headers)))
        self.send_response(204)
        self.end_headers()

    def log_request(self, *_: object) -> None:  # type: ignore[explicit-override]
        """Nothing is written about what arrived."""


server = HTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}/hooks"
endpoint = client.webhooks.create_endpoint({"url": address, "types": ["account.*"]})
tried = client.webhooks.test_endpoint(endpoint.data["id"])
assert tried.data["succeeded"], tried.data
((body, headers),) = received
event = verify_webhook(endpoint.data["secret"], body, headers)
assert event["type"] == "webhook.test", event
try:
    verify_webhook(endpoint.data["secret"], body + b" ", headers)
except WebhookRejected:
    pass
else:
    raise AssertionError("a changed body was taken")
server.shutdown()

before = client.events.list(after="latest").data["next_after"]
client.accounts.update(identity, {"name": "Northwind Traders"}, if_match=changed.etag)
for event in client.events.follow(after=before, types="account.updated", wait=10):
    assert event["data"]["id"] == identity, event
    break
print("done")

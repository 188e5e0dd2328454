"""What the Python package does by itself: retries, errors, webhooks. A server here plays Tenure."""

import importlib
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from shared.clock import utc_now

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLKOr"


@pytest.fixture(scope="module")
def package(python_source: Path) -> Iterator[Any]:
    sys.path.insert(0, str(python_source))
    yield importlib.import_module("tenure_client")
    sys.path.remove(str(python_source))


class Server(ThreadingHTTPServer):
    """Answers as it is told, in turn, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, dict[str, str], Any]] = []
        self.asked: list[tuple[str, str, dict[str, str]]] = []

    def client(self, package: Any, **options: Any) -> Any:
        retries = package.Retries(attempts=3, first=0.001, longest=1)
        url = f"http://127.0.0.1:{self.server_port}"
        return package.Tenure(url, "tnr_live_x", **{"retries": retries, "timeout": 5, **options})

    def keys(self) -> list[str | None]:
        return [headers.get("idempotency-key") for _, _, headers in self.asked]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def answer(self) -> None:
        names = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((self.command, self.path, names))
        self.rfile.read(int(names.get("content-length", 0)))
        status, headers, content = self.server.answers.pop(0)
        if status == 0:
            self.connection.close()
            return
        body = json.dumps(content).encode() if content is not None else b""
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

    def log_request(self, *_: object) -> None:  # type: ignore[explicit-override]
        """Nothing is written about what arrived."""


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


BUSY = (503, {"retry-after": "0"}, {"code": "unavailable", "status": 503})
IDENTITY = "0198c0de-0001-7a3b-8c4d-5e6f708192a3"


def test_a_write_is_repeated_under_one_key(package: Any, server: Server) -> None:
    server.answers = [BUSY, (0, {}, None), (201, {"etag": '"v1"'}, {"id": IDENTITY})]
    answer = server.client(package).accounts.create({"name": "Acme"})
    assert (answer.status, answer.etag) == (201, '"v1"')
    assert len(server.asked) == 3
    assert len(set(server.keys())) == 1
    assert all(server.keys())


def test_two_writes_have_two_keys_and_ones_own_is_kept(package: Any, server: Server) -> None:
    server.answers = [(201, {}, {})] * 3
    client = server.client(package)
    client.accounts.create({"name": "A"})
    client.accounts.create({"name": "B"})
    client.accounts.create({"name": "C"}, idempotency_key="mine")
    assert len(set(server.keys())) == 3
    assert server.keys()[2] == "mine"


def test_a_deletion_is_sent_once(package: Any, server: Server) -> None:
    server.answers = [BUSY]
    with pytest.raises(package.ApiError) as raised:
        server.client(package).accounts.delete(IDENTITY, if_match='"v1"')
    assert raised.value.code == "unavailable"
    assert len(server.asked) == 1


def test_attempts_end(package: Any, server: Server) -> None:
    server.answers = [BUSY] * 3
    with pytest.raises(package.ApiError):
        server.client(package).accounts.list()
    assert len(server.asked) == 3


def test_who_asks_for_a_longer_wait_than_is_allowed_is_not_asked_again(
    package: Any, server: Server
) -> None:
    server.answers = [(429, {"retry-after": "30"}, {"code": "rate_limited"})]
    with pytest.raises(package.ApiError) as raised:
        server.client(package).accounts.list()
    assert raised.value.status == 429
    assert len(server.asked) == 1


def test_what_will_not_pass_is_not_repeated(package: Any, server: Server) -> None:
    problem = {
        "code": "invalid",
        "title": "No",
        "errors": [{"pointer": "/name", "message": "Empty"}],
    }
    server.answers = [(422, {"x-request-id": "r-1"}, problem)]
    with pytest.raises(package.ApiError) as raised:
        server.client(package).accounts.create({"name": ""})
    error = raised.value
    assert (error.status, error.code, error.request_id) == (422, "invalid", "r-1")
    assert error.errors == problem["errors"]
    assert "/name: Empty" in str(error)


def test_a_redirect_does_not_carry_the_key_away(package: Any, server: Server) -> None:
    server.answers = [(302, {"location": "http://127.0.0.1:9/"}, None)]
    with pytest.raises(package.ApiError) as raised:
        server.client(package).accounts.list()
    assert raised.value.status == 302


def test_parts_of_a_path_and_a_query_are_escaped(package: Any, server: Server) -> None:
    server.answers = [(200, {}, {}), (200, {}, {"data": []})]
    client = server.client(package)
    client.accounts.get_by_external_id("a/b?c")
    client.accounts.list(filter='name = "ä"', include_ignored=True)
    assert server.asked[0][1] == "/v1/accounts/by-external-id/a%2Fb%3Fc"
    assert server.asked[1][1] == "/v1/accounts?filter=name+%3D+%22%C3%A4%22&include_ignored=true"


def test_pages_are_read_as_one_goes(package: Any, server: Server) -> None:
    server.answers = [
        (200, {}, {"data": [{"id": "a"}], "next_cursor": "c1"}),
        (200, {}, {"data": [{"id": "b"}], "next_cursor": None}),
    ]
    rows = server.client(package).accounts.list_all(limit=1)
    assert next(rows)["id"] == "a"
    assert len(server.asked) == 1
    assert [row["id"] for row in rows] == ["b"]
    assert server.asked[1][1].endswith("?limit=1&cursor=c1")


def signed(body: bytes, secret: str = SECRET, seconds: int = 0) -> tuple[dict[str, str], float]:
    now = utc_now()
    headers = {
        "Webhook-Id": "evt_1",
        "Webhook-Timestamp": str(int(now.timestamp())),
        "Webhook-Signature": Webhook(secret).sign("evt_1", now, body.decode()),
    }
    return headers, now.timestamp() + seconds


def test_a_webhook_of_the_specifications_own_library_is_verified(package: Any) -> None:
    body = '{"type": "account.updated", "name": "Ä"}'.encode()
    headers, now = signed(body)
    assert package.verify_webhook(SECRET, body, headers, now=now)["name"] == "Ä"
    headers["Webhook-Signature"] = f"v1a,AAAA v1,AAAA {headers['Webhook-Signature']}"
    assert package.verify_webhook(["whsec_b3RoZXI=", SECRET], body, headers, now=now)


@pytest.mark.parametrize("seconds", [301, -302])
def test_an_old_webhook_and_one_from_the_future_are_refused(package: Any, seconds: int) -> None:
    headers, now = signed(b"{}", seconds=seconds)
    with pytest.raises(package.WebhookRejected, match="too old"):
        package.verify_webhook(SECRET, b"{}", headers, now=now)


@pytest.mark.parametrize("name", ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"])
def test_a_webhook_without_a_header_or_with_another_is_refused(package: Any, name: str) -> None:
    headers, now = signed(b"{}")
    other = {**headers, name: "1" if name == "Webhook-Timestamp" else "v1,AAAA"}
    for each in ({key: value for key, value in headers.items() if key != name}, other):
        with pytest.raises(package.WebhookRejected):
            package.verify_webhook(SECRET, b"{}", each, now=now)

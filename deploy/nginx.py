"""Renders `nginx.conf` from the table of routes: `python -m deploy.nginx > deploy/nginx.conf`."""

import json
import sys

from deploy.gateway.compression import LEVEL, MIN_BYTES, TYPES
from deploy.gateway.problems import away, broken, too_slow
from deploy.gateway.proxy import POOL_SECONDS
from deploy.routes import LARGER_BODIES, PAGES, SEGMENTS, WITH_SECRETS
from shared.settings import ServiceName
from shared.transport.middleware import MAX_BODY, path_pattern
from shared.transport.refusal import (
    LARGE_HEAD,
    LATE,
    LONG_TARGET,
    NO_METHOD,
    NO_WEBSOCKET,
    SAFE_HEADERS,
    Refusal,
)

_HEAD = """\
# Made by `python -m deploy.nginx` from deploy/routes.py; a test keeps the two alike.
worker_processes auto;
pid /tmp/nginx.pid;
error_log /dev/stderr warn;

events {
    worker_connections 4096;
}

http {
    access_log off;
    server_tokens off;
    default_type application/octet-stream;
    client_body_temp_path /tmp/client_body;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;

    # A caller's request id is kept when well formed, else nginx makes one.
    map $http_x_request_id $given_request_id {
        "~^[A-Za-z0-9_-]{8,64}$" $http_x_request_id;
        default req_$request_id;
    }

"""

_SERVER = """\
    server {
        listen 8080;

        client_max_body_size @MAX_BODY@;
        client_body_timeout 30s;
        client_header_timeout 15s;
        large_client_header_buffers 4 16k;

        # Bodies stream both ways.
        proxy_request_buffering off;
        proxy_buffering off;
        proxy_http_version 1.1;
        proxy_connect_timeout 2s;
        proxy_read_timeout 60s;
        # A request that may have taken effect is not sent twice.
        proxy_next_upstream off;

        # Strong ETags become weak: `If-Match` takes either form.
        gzip on;
        gzip_comp_level @LEVEL@;
        gzip_min_length @MIN_BYTES@;
        gzip_proxied any;
        gzip_vary on;
        gzip_types @TYPES@;

        # What services believe about a request comes from here and from nowhere else.
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_set_header X-Request-Id $given_request_id;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header Forwarded "";
        proxy_set_header X-Real-IP "";
        proxy_set_header X-Tenant-Id "";
        proxy_set_header X-Workspace-Id "";

        if ($http_upgrade ~* ^websocket$) {
            rewrite ^ /-refused/websocket last;
        }

"""


def render() -> str:
    upstreams = "".join(_upstream(service) for service in (*SEGMENTS, "gateway"))
    server = _SERVER.replace("@MAX_BODY@", str(MAX_BODY)).replace("@LEVEL@", str(LEVEL))
    # nginx compresses HTML wherever it compresses at all.
    types = " ".join(name for name in TYPES if name != "text/html")
    server = server.replace("@MIN_BYTES@", str(MIN_BYTES)).replace("@TYPES@", types)
    larger = "".join(_larger(service, paths) for service, paths in LARGER_BODIES.items())
    routes = "".join(_location(service, segments) for service, segments in SEGMENTS.items())
    routes += "".join(
        f"        location ~ ^/({'|'.join(pages)})/ {{\n"
        f"            proxy_pass http://{service};\n"
        "        }\n\n"
        for service, pages in PAGES.items()
    )
    return _HEAD + upstreams + server + larger + routes + _OWN + _problems() + "    }\n}\n"


def _upstream(service: str) -> str:
    return (
        f"    upstream {service} {{\n"
        f"        server {service}:8000 max_fails=0;\n"
        "        keepalive 64;\n"
        f"        keepalive_timeout {POOL_SECONDS:g}s;\n"
        "    }\n\n"
    )


def _location(service: str, segments: tuple[str, ...]) -> str:
    """Those whose answers may hold a secret by themselves, uncompressed (BREACH)."""
    secret = [segment for segment in segments if segment in WITH_SECRETS]
    others = [segment for segment in segments if segment not in WITH_SECRETS]
    return "".join(
        f"        location ~ ^/v1/({'|'.join(named)})(/|$) {{\n"
        f"{rule}"
        f"            proxy_pass http://{service};\n"
        "        }\n\n"
        for named, rule in ((secret, "            gzip off;\n"), (others, ""))
        if named
    )


def _larger(service: ServiceName, paths: dict[str, int]) -> str:
    """The same service, with longer bodies: nginx takes the first of its patterns that fits."""
    return "".join(
        f"        location ~ {_whole(service, path)} {{\n"
        f"            client_max_body_size {size};\n"
        f"            proxy_pass http://{service};\n"
        "        }\n\n"
        for path, size in paths.items()
    )


def _whole(service: ServiceName, path: str) -> str:
    if path.startswith("/v1/"):
        return f"^{path_pattern(path).pattern}$"
    return f"^/v1/({'|'.join(SEGMENTS[service])})(/.*)?{path}$"


# One document, pages and health of the whole come from the gateway program.
_OWN = """\
        location ~ ^/(|livez|readyz|llms\\.txt|(v1/)?openapi\\.json|v1/status)$ {
            proxy_pass http://gateway;
        }

        location ~ ^/(docs|problems)(/|$) {
            proxy_pass http://gateway;
        }

        # Everything else, /internal and /metrics among it, is not there.
        location / {
            return 404;
        }

"""


def _problems() -> str:
    named = {
        "bad-request": ("400", Refusal(400, "bad_request", "The request could not be read")),
        "absent": ("404", Refusal(404, "not_found", "No such route")),
        "method": ("405", NO_METHOD),
        "late": ("408", LATE),
        "large-body": ("413", Refusal(413, "payload_too_large", "The body is too large")),
        "long-target": ("414", LONG_TARGET),
        # nginx has a number of its own for a head that is too large.
        "large-head": ("494", LARGE_HEAD),
        "broken": ("502", broken("a service")),
        "away": ("503", away("A service")),
        "slow": ("504", too_slow("a service")),
        "websocket": ("", NO_WEBSOCKET),
    }
    pages = "".join(
        f"        error_page {codes} = /-refused/{name};\n"
        for name, (codes, _) in named.items()
        if codes
    )
    return pages + "".join(_problem(name, refusal) for name, (_, refusal) in named.items())


_SAFE = "".join(
    f"            add_header {name.decode().title()} {value.decode()} always;\n"
    for name, value in SAFE_HEADERS
)


def _problem(name: str, refusal: Refusal) -> str:
    """A place of its own and not a named one, which nginx cannot enter without an address that it
    has read.
    """
    body = json.loads(refusal.body("", "$given_request_id"))
    extra = {"Retry-After": refusal.retry_after, "Allow": refusal.allow}
    headers = "".join(
        f"            add_header {header} {json.dumps(value)} always;\n"
        for header, value in extra.items()
        if value
    )
    return (
        f"\n        location = /-refused/{name} {{\n"
        "            internal;\n"
        "            default_type application/problem+json;\n"
        "            add_header X-Request-Id $given_request_id always;\n"
        f"{_SAFE}"
        f"{headers}"
        f"            return {refusal.status} '{json.dumps(body)}';\n"
        "        }\n"
    )


if __name__ == "__main__":
    sys.stdout.write(render())

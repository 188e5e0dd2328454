"""The API's pages, served by us: they work without the internet."""

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from typing_extensions import override

ASSETS = Path(__file__).parent / "assets"
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Tenure API</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/docs/assets/swagger-ui/swagger-ui.css">
</head>
<body>
  <div id="pages"></div>
  <script src="/docs/assets/swagger-ui/swagger-ui-bundle.js"></script>
  <script src="/docs/assets/start.js"></script>
</body>
</html>
"""
HEADERS = {
    "cache-control": "public, max-age=3600",
    "content-security-policy": "default-src 'self'; img-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


async def page(_: Request) -> Response:
    return HTMLResponse(_PAGE, headers=HEADERS)


class Assets(StaticFiles):
    """They change with a release; until a browser has asked again it may show the one before."""

    @override
    def file_response(self, *arguments: Any, **options: Any) -> Response:
        response = super().file_response(*arguments, **options)
        response.headers["cache-control"] = HEADERS["cache-control"]
        return response


ROUTES = [
    Route("/docs", page),
    Mount("/docs/assets", Assets(directory=ASSETS)),
]

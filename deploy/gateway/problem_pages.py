"""`/problems/<code>`: every error's `type` can be opened, and says what it means."""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from deploy.gateway.pages import HEADERS
from shared.transport.refusal import Refusal

Problem = Mapping[str, Any]

_MEANINGS = {
    400: "The request itself could not be read. Sending it again as it is will not help.",
    401: "The credential is missing, unknown, expired or revoked.",
    403: "The credential is valid and may not do this: see the roles and scopes of API keys.",
    404: "It does not exist, or belongs to another workspace: both look alike.",
    405: "The path exists; this method is not among what it takes.",
    409: "The request is well formed and the present state does not allow it: `detail` says why.",
    412: "Somebody changed it since you read it. Read it again, then decide.",
    413: "Split the body, or use a bulk route.",
    415: "Send JSON in UTF-8 with the content type `application/json`.",
    422: "Well formed, and some values cannot be accepted: `errors` points at each of them.",
    428: "Send `If-Match` with the ETag of what you edited.",
    429: "Wait as many seconds as `Retry-After` says.",
}
_OURS = "Not your fault. Where `retryable` is true, repeat it with the same `Idempotency-Key`."
_CODE = re.compile(r"`([^`]+)`")
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{title}</title>
  <link rel="icon" href="data:,">
  <style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto;
    padding: 0 1rem }} td, th {{ text-align: left; padding: .2rem 1rem .2rem 0 }}</style>
</head>
<body>
{body}
</body>
</html>
"""


def problem_page(request: Request, known: Sequence[Problem]) -> Response:
    """One code, or all of them: a page for people, JSON for who asks for it. Raises `Refusal`."""
    word = request.path_params.get("code")
    found = [each for each in known if word is None or _word(each) == word]
    if not found:
        raise Refusal(404, "not_found", "No such error code", f"/problems lists all {len(known)}.")
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"data": found} if word is None else found[0], headers=HEADERS)
    page = _list(found) if word is None else _one(found[0])
    return HTMLResponse(page, headers=HEADERS)


def _with_code(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _word(problem: Problem) -> str:
    return str(problem["code"]).replace("_", "-")


def _list(problems: Iterable[Problem]) -> str:
    rows = "\n".join(
        f'<tr><td>{each["status"]}</td><td><a href="/problems/{_word(each)}">'
        f"<code>{escape(each['code'])}</code></a></td><td>{escape(each['title'])}</td></tr>"
        for each in problems
    )
    head = "<tr><th>Status</th><th>Code</th><th>Means</th></tr>"
    return _PAGE.format(title="Errors", body=f"<h1>Errors</h1>\n<table>{head}\n{rows}\n</table>")


def _one(problem: Problem) -> str:
    meaning = _MEANINGS.get(problem["status"], _OURS)
    again = "It may be repeated." if problem["retryable"] else "Repeating it unchanged is no use."
    body = (
        f"<h1><code>{escape(problem['code'])}</code></h1>\n"
        f"<p><b>{escape(problem['title'])}.</b> Status {problem['status']}.</p>\n"
        f'<p>{_with_code(meaning)}</p>\n<p>{again}</p>\n<p><a href="/problems">All errors</a></p>'
    )
    return _PAGE.format(title=escape(problem["code"]), body=body)

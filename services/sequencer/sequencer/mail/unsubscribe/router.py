"""Reached from a mail, without a credential. Opening the link changes nothing: scanners open links,
some even run scripts. Only the form's POST, or the mail program's one click (RFC 8058), acts.
"""

import html
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import HTMLResponse

from sequencer.mail.unsubscribe import service
from sequencer.mail.unsubscribe.rules import is_one_click
from shared.errors import BadRequest
from shared.web.problems import Problem
from shared.web.routing import ServiceDep

router = APIRouter(
    prefix="/v1/unsubscribe",
    tags=["Unsubscribe"],
    responses={
        status: {"model": Problem, "description": text, "content": {"application/problem+json": {}}}
        for status, text in {
            400: "Not the one-click form.",
            404: "The link is not one of ours.",
        }.items()
    },
)

Token = Annotated[
    str, Path(max_length=200, description="What the link of a mail ends with; it is signed.")
]
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Unsubscribe</title>
<meta name="viewport" content="width=device-width">
<style>body{{font:16px/1.5 sans-serif;max-width:32em;margin:4em auto;padding:0 1em}}</style></head>
<body><h1>{heading}</h1><p>{text}</p>{form}</body></html>"""
_FORM = """<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">
<button>Unsubscribe</button></form>"""


def _page(heading: str, text: str, form: str = "") -> HTMLResponse:
    return HTMLResponse(
        _PAGE.format(heading=heading, text=html.escape(text), form=form), headers=_HEADERS
    )


@router.get(
    "/{token}",
    summary="Get the unsubscribe page",
    response_class=HTMLResponse,
    response_description="The page, with the form that unsubscribes.",
)
async def get_unsubscribe_page(token: Token, the_service: ServiceDep) -> HTMLResponse:
    """What a recipient reaches from a mail. Opening it changes nothing: only the form does."""
    link = service.opened(the_service, token)
    name = await service.workspace_title(the_service, link)
    return _page("Unsubscribe", f"You will get no more mail of this kind from {name}.", _FORM)


@router.post(
    "/{token}",
    summary="Unsubscribe by one click",
    response_class=HTMLResponse,
    response_description="A page that says so.",
)
async def unsubscribe(token: Token, request: Request, the_service: ServiceDep) -> HTMLResponse:
    """Unsubscribes the recipient of the mail. It acts at once and needs no cookie and no sign-in. A
    repeated call changes nothing.
    """
    if not is_one_click(await request.body()):
        raise BadRequest("Send the form field `List-Unsubscribe=One-Click` (RFC 8058).")
    name = await service.unsubscribe(the_service, service.opened(the_service, token))
    return _page("Done", f"You will get no more mail of this kind from {name}.")

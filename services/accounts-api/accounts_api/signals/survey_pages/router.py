"""Reached from a mail, without a credential. Opening the link changes nothing: scanners open links,
some even run scripts. Only the form's POST acts.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse

from accounts_api.signals.survey_invitations.links import PATH
from accounts_api.signals.survey_pages import html, service
from accounts_api.signals.survey_pages.forms import read_form
from accounts_api.signals.survey_pages.service import LinkOver, Opened
from shared.web.problems import Problem
from shared.web.routing import ServiceDep

router = APIRouter(
    prefix=PATH,
    tags=["Surveys"],
    responses={
        404: {
            "model": Problem,
            "description": "The link is not one of ours.",
            "content": {"application/problem+json": {}},
        },
        410: {"description": "It can no longer be answered.", "content": {"text/html": {}}},
        429: {
            "model": Problem,
            "description": "Too many requests by this link or from this address.",
            "content": {"application/problem+json": {}},
        },
    },
)

Token = Annotated[
    str, Path(max_length=200, description="What the link of an invitation ends with; it is signed.")
]
_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow",
}


@router.get(
    "/{token}",
    summary="Get the page of a survey",
    response_class=HTMLResponse,
    response_description="The page, with the form that answers.",
)
async def get_survey_page(
    token: Token,
    request: Request,
    the_service: ServiceDep,
    score: Annotated[
        str | None,
        Query(max_length=20, description="The score that is chosen already; it records nothing."),
    ] = None,
) -> HTMLResponse:
    """What a contact reaches from a mail. Opening it records nothing: only the form does. Who has
    answered sees what they said, and may change it for 30 days.
    """
    await service.limit(the_service, token, _address(request))
    link = service.opened_link(the_service, token)
    try:
        return _form(await service.show(the_service, link, score))
    except LinkOver:
        return _over()


@router.post(
    "/{token}",
    summary="Answer a survey by its link",
    response_class=HTMLResponse,
    response_description="A page that says so.",
    responses={
        422: {"description": "The form again, with what is wrong.", "content": {"text/html": {}}}
    },
)
async def answer_survey(token: Token, request: Request, the_service: ServiceDep) -> HTMLResponse:
    """Stores what the contact says: one response for an invitation, which another answer within 30
    days changes. It needs no cookie and no sign-in. A repeated call changes nothing.
    """
    await service.limit(the_service, token, _address(request))
    link = service.opened_link(the_service, token)
    try:
        opened = await service.answer(the_service, link, read_form(await request.body()))
    except LinkOver:
        return _over()
    if opened.faults:
        return _form(opened, 422)
    return _page(html.thanks_page(opened.by))


def _form(opened: Opened, status: int = 200) -> HTMLResponse:
    survey = opened.survey
    written = html.form_page(
        survey.title,
        survey.description,
        opened.by,
        opened.questions,
        opened.question_version,
        opened.answers,
        opened.faults,
    )
    return _page(written, status)


def _over() -> HTMLResponse:
    text = "This survey can no longer be answered by this link."
    return _page(html.message_page("It is over", text), LinkOver.status)


def _page(written: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(written, status, headers=_HEADERS)


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"

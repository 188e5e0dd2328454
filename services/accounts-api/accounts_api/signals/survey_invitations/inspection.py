"""Whom a survey would reach, and why a contact may be asked or not. Nothing is stored."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from accounts_api.records.schema.errors import RecordNotFound
from accounts_api.records.schema.record_schemas import CONTACT
from accounts_api.records.store.service import living
from accounts_api.signals.survey_invitations import queries
from accounts_api.signals.survey_invitations.rules import Candidate, Gate, gates, may_be_asked
from accounts_api.signals.survey_invitations.service import (
    after_those_before,
    candidate_of,
    candidates,
    quota_since,
)
from accounts_api.signals.surveys import service as surveys
from shared.lists import filters
from shared.uow import UnitOfWork

SAMPLES: Final = 10


async def eligibility(uow: UnitOfWork, survey_id: UUID, contact_id: UUID) -> dict[str, Any]:
    """Every gate for one contact, as it stands now."""
    survey = await surveys.live_survey(uow, survey_id)
    stands_for = (await living(uow, CONTACT, [str(contact_id)])).get(str(contact_id))
    if stands_for is None:
        raise RecordNotFound("There is no contact with this id.")
    asked = {UUID(stands_for): None}
    now = await uow.now()
    (candidate,) = (await candidates(uow, survey, asked, now)).values()
    judged = gates(candidate, survey.fatigue, now, include_churned=survey.include_churned)
    return {
        "contact_id": candidate.contact_id,
        "account_id": candidate.account_id,
        "eligible": may_be_asked(judged),
        "gates": judged,
    }


async def preview(uow: UnitOfWork, survey_id: UUID) -> dict[str, Any]:
    """The audience less each gate, if everybody were invited now, in the order of their ids."""
    survey = await surveys.live_survey(uow, survey_id)
    with filters.in_time("/audience"):
        audience = await surveys.in_audience(uow, survey, None)
    now = await uow.now()
    contacts = 0
    samples: list[Candidate] = []
    order: list[str] = []
    closed, left, more_at = Counter[str](), Counter[str](), Counter[UUID | None]()
    async for known in queries.known_of_all(uow, survey.id, quota_since(survey, now)):
        contacts += 1
        if audience is not None and known.contact_id not in audience:
            continue
        candidate = after_those_before(
            candidate_of(known, survey, None if audience is None else True), more_at
        )
        judged = gates(candidate, survey.fatigue, now, include_churned=survey.include_churned)
        order = [gate.gate for gate in judged]
        closed.update(gate.gate for gate in judged if not gate.passed)
        left.update(_passed_so_far(judged))
        if may_be_asked(judged):
            more_at[candidate.account_id] += 1
            samples += [candidate][: SAMPLES - len(samples)]
    return {
        "contacts": contacts,
        "audience": left["audience"],
        "eligible": left[order[-1]] if order else 0,
        "gates": [
            {"gate": name, "closed": closed[name], "left": left[name]}
            for name in order
            if name != "audience"
        ],
        "samples": samples,
    }


def _passed_so_far(judged: Sequence[Gate]) -> Iterable[str]:
    for gate in judged:
        if not gate.passed:
            return
        yield gate.gate

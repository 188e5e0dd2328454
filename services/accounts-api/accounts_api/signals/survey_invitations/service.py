"""Inviting contacts to surveys, and whether one may be. Fatigue is judged while nobody else can
invite the same contact.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from accounts_api.records.schema.record_schemas import CONTACT
from accounts_api.records.store.service import living, living_named
from accounts_api.signals.survey_invitations import queries
from accounts_api.signals.survey_invitations.links import Link, url_of
from accounts_api.signals.survey_invitations.models import Invitation
from accounts_api.signals.survey_invitations.queries import (
    KnownOf,
    NewInvitation,
    invitation_by_id,
    set_answered,
)
from accounts_api.signals.survey_invitations.rules import (
    Candidate,
    Gate,
    LastAsked,
    Via,
    gates,
)
from accounts_api.signals.survey_invitations.schemas import (
    InvitedContact,
    ServiceInvitationsIn,
)
from accounts_api.signals.surveys import service as surveys
from accounts_api.signals.surveys.models import Survey
from accounts_api.signals.surveys.service import cause_of
from shared.errors import Conflict, Fault, Invalid, NotFound
from shared.events.signals.surveys import SurveyInvited
from shared.settings import Settings
from shared.uow import UnitOfWork

__all__ = ["invitation_by_id", "set_answered"]

_GONE: Final = Gate("deactivated", passed=False, because="They were deleted meanwhile.")


class InvitationNotFound(NotFound):
    code = "survey_invitation_not_found"
    title = "There is no such invitation"


class InvitationAnswered(Conflict):
    code = "survey_invitation_answered"
    title = "This invitation was answered"


@dataclass(frozen=True, slots=True)
class Asked:
    """A contact to invite."""

    contact_id: UUID
    account_id: UUID | None = None
    """For which account; None leaves it open."""
    request_key: str | None = None
    """By which a service asks again for the same invitation."""


@dataclass(frozen=True, slots=True)
class Verdict:
    contact_id: UUID
    account_id: UUID | None
    closed: list[Gate]
    invitation: Invitation | None

    def as_json(self, settings: Settings, workspace_id: UUID) -> dict[str, Any]:
        made = self.invitation
        return {
            "contact_id": self.contact_id,
            "account_id": self.account_id,
            "invited": made is not None,
            "invitation_id": None if made is None else made.id,
            "url": None if made is None else link_url(settings, workspace_id, made),
            "expires_at": None if made is None else made.expires_at,
            "gates": self.closed,
        }


def link_url(settings: Settings, workspace_id: UUID, invitation: Invitation) -> str:
    link = Link(workspace_id, invitation.id, invitation.expires_at)
    return url_of(settings.public_url, settings.cursor_secret.get_secret_value(), link)


async def named_contacts(uow: UnitOfWork, contacts: Sequence[InvitedContact]) -> list[Asked]:
    """Raises `Invalid` with every contact that there is not."""
    by_id = await living(uow, CONTACT, [str(one.contact_id) for one in contacts if one.contact_id])
    named = [one.contact_external_id for one in contacts if one.contact_external_id is not None]
    by_external_id = await living_named(uow, CONTACT, named)
    asked, faults = [], []
    for at, one in enumerate(contacts):
        known = by_id.get(str(one.contact_id))
        found = UUID(known) if known else by_external_id.get(one.contact_external_id)
        if found is None:
            name = "contact_id" if one.contact_id else "contact_external_id"
            message = "There is no such contact."
            faults.append(Fault(f"/contacts/{at}/{name}", "unknown_contact", message))
        else:
            asked.append(Asked(found, one.account_id))
    if faults:
        raise Invalid(faults=faults)
    return asked


async def invite_for_service(uow: UnitOfWork, data: ServiceInvitationsIn) -> list[Verdict]:
    """A verdict for each, in order; a contact who is not here has one, too. Asked again by the same
    request keys, whoever was invited has the same invitation, so that a service whose answer was
    lost asks again. Raises `Invalid` for a key that stands twice, and as `invite` does.
    """
    counted = Counter(one.request_key for one in data.contacts)
    faults = [
        Fault(f"/contacts/{at}/request_key", "duplicate_key", "Another contact has it, too.")
        for at, one in enumerate(data.contacts)
        if counted[one.request_key] > 1
    ]
    if faults:
        raise Invalid(faults=faults)
    survey_id = await surveys.SURVEY_KEYS.named(uow, data.survey_id, "/survey_id")
    known = await living(uow, CONTACT, [str(one.contact_id) for one in data.contacts])
    asked = [
        Asked(
            UUID(known.get(str(one.contact_id), str(one.contact_id))),
            one.account_id,
            one.request_key,
        )
        for one in data.contacts
    ]
    return await invite(uow, survey_id, asked, data.via)


async def invite(
    uow: UnitOfWork, survey_id: UUID, asked: Sequence[Asked], via: Via
) -> list[Verdict]:
    """A verdict for each, in order; a contact who is named twice has one. Raises `Invalid` for an
    account that is not the contact's. Who was invited by the same request key keeps that
    invitation.
    """
    survey = await surveys.live_survey(uow, survey_id)
    await queries.lock_contacts(uow, [one.contact_id for one in asked])
    keys = [one.request_key for one in asked if one.request_key is not None]
    before = await queries.requested(uow, survey.id, keys) if keys else {}
    wanted: dict[UUID, Asked] = {}
    for one in asked:
        if one.request_key not in before:
            wanted.setdefault(one.contact_id, one)
    accounts = {id_: one.account_id for id_, one in wanted.items()}
    await _lock_accounts(uow, survey, accounts)
    now = await uow.fresh_now()
    known = await candidates(uow, survey, accounts, now)
    _must_be_theirs(asked, wanted, known)
    closed = _closed_gates(survey, known, accounts, now)
    fresh = [
        NewInvitation(id_, known[id_].account_id, one.request_key)
        for id_, one in wanted.items()
        if not closed[id_]
    ]
    made = await _add(uow, survey, fresh, via, now)
    return [
        _verdict(before.get(one.request_key or ""), one.contact_id, known, closed, made)
        for one in asked
    ]


def _verdict(
    before: Invitation | None,
    contact_id: UUID,
    known: Mapping[UUID, Candidate],
    closed: Mapping[UUID, list[Gate]],
    made: Mapping[UUID, Invitation],
) -> Verdict:
    if before is not None:
        return Verdict(before.contact_id, before.account_id, [], before)
    account_id = known[contact_id].account_id if contact_id in known else None
    return Verdict(contact_id, account_id, closed[contact_id], made.get(contact_id))


def _closed_gates(
    survey: Survey,
    known: Mapping[UUID, Candidate],
    contacts: Iterable[UUID],
    now: datetime,
) -> dict[UUID, list[Gate]]:
    """By contact, in this order: who is let through counts for the account of those behind."""
    closed: dict[UUID, list[Gate]] = {}
    more_at = Counter[UUID | None]()
    for contact_id in contacts:
        if contact_id not in known:
            closed[contact_id] = [_GONE]
            continue
        candidate = after_those_before(known[contact_id], more_at)
        judged = gates(candidate, survey.fatigue, now, include_churned=survey.include_churned)
        closed[contact_id] = [gate for gate in judged if not gate.passed]
        more_at[candidate.account_id] += not closed[contact_id]
    return closed


def after_those_before(candidate: Candidate, more_at: Mapping[UUID | None, int]) -> Candidate:
    """As it is once those before them, by account, were asked."""
    asked = candidate.asked_at_account + more_at[candidate.account_id]
    return replace(candidate, asked_at_account=asked)


async def _add(
    uow: UnitOfWork,
    survey: Survey,
    fresh: Sequence[NewInvitation],
    via: Via,
    now: datetime,
) -> dict[UUID, Invitation]:
    if not fresh:
        return {}
    made = await queries.add_invitations(
        uow,
        fresh,
        survey_id=survey.id,
        via=via,
        question_version=survey.question_version,
        invited_at=now,
        # The link says it in whole seconds.
        expires_at=now.replace(microsecond=0) + timedelta(days=survey.link_days),
        cause=cause_of(uow),
    )
    for one in made.values():
        uow.publish(
            SurveyInvited(
                invitation_id=one.id,
                survey_id=survey.id,
                survey_key=survey.key,
                contact_id=one.contact_id,
                account_id=one.account_id,
                via=one.via,
                invited_at=one.invited_at,
                expires_at=one.expires_at,
            )
        )
    return made


async def _lock_accounts(
    uow: UnitOfWork, survey: Survey, accounts: Mapping[UUID, UUID | None]
) -> None:
    """Those whose quota is judged. Whose contacts they are cannot change while these are locked."""
    if survey.account_count is None:
        return
    known = await queries.known_of(uow, survey.id, accounts, None)
    for account_id in sorted({one.account_id for one in known.values() if one.account_id}):
        await queries.lock_account(uow, account_id)


def _must_be_theirs(
    asked: Sequence[Asked],
    wanted: Mapping[UUID, Asked],
    known: Mapping[UUID, Candidate],
) -> None:
    faults = [
        Fault(f"/contacts/{at}/account_id", "unknown_account", "It is no account of the contact.")
        for at, one in enumerate(asked)
        if one.account_id is not None and wanted.get(one.contact_id) is one
        if one.contact_id in known and known[one.contact_id].account_id is None
    ]
    if faults:
        raise Invalid(faults=faults)


async def withdraw(uow: UnitOfWork, invitation_id: UUID) -> Invitation:
    """Its link closes, and it counts no more as having been asked. A repeated call changes
    nothing.
    """
    invitation = await invitation_named(uow, invitation_id, lock=True)
    if invitation.withdrawn_at is not None:
        return invitation
    if invitation.answered_at is not None:
        raise InvitationAnswered("What was said stays.")
    return await queries.withdraw(uow, invitation_id, await uow.now())


async def invitation_named(
    uow: UnitOfWork, invitation_id: UUID, *, lock: bool = False
) -> Invitation:
    found = await queries.invitation_by_id(uow, invitation_id, lock=lock)
    if found is None:
        raise InvitationNotFound("There is no invitation with this id.")
    return found


async def list_invitations(
    uow: UnitOfWork,
    *,
    survey_id: UUID | None,
    contact_id: UUID | None,
    account_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Latest first; one more than `limit`, if there are more."""
    now = await uow.now()
    found = await queries.invitations_page(
        uow,
        survey_id=survey_id,
        contact_id=contact_id,
        account_id=account_id,
        after=after,
        limit=limit + 1,
    )
    return [shown(one, now) for one in found]


def shown(invitation: Invitation, now: datetime) -> dict[str, Any]:
    return {**asdict(invitation), "state": invitation.state(now)}


async def candidates(
    uow: UnitOfWork, survey: Survey, asked: Mapping[UUID, UUID | None], now: datetime
) -> dict[UUID, Candidate]:
    if not asked:
        return {}
    audience = await surveys.in_audience(uow, survey, list(asked))
    known = await queries.known_of(uow, survey.id, asked, quota_since(survey, now))
    return {
        id_: candidate_of(one, survey, None if audience is None else id_ in audience)
        for id_, one in known.items()
    }


def quota_since(survey: Survey, now: datetime) -> datetime | None:
    return None if survey.account_days is None else now - timedelta(days=survey.account_days)


def candidate_of(known: KnownOf, survey: Survey, in_audience: bool | None) -> Candidate:  # noqa: FBT001
    by_same = by_any = None
    if known.same_at is not None:
        by_same = LastAsked(known.same_at, survey.id, survey.title)
    if known.any_at is not None and known.any_survey_id is not None:
        by_any = LastAsked(known.any_at, known.any_survey_id, known.any_survey_title or "")
    return Candidate(
        known.contact_id,
        known.email_status,
        known.deactivated_at,
        in_audience,
        known.account_id,
        known.account_name,
        known.churned,
        known.asked_at_account,
        by_same,
        by_any,
    )

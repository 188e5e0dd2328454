"""What one may ask of surveys. Whom they reach is `survey_invitations`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from accounts_api.evaluation.rule_sets import rule_input
from accounts_api.evaluation.rule_sets.segment_keys import keys_of
from accounts_api.evaluation.usages import service as usage
from accounts_api.evaluation.usages.rules import sought_dependencies
from accounts_api.evaluation.usages.service import Elsewhere, Used, must_be_unused
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.identity.workspaces import service as workspaces
from accounts_api.language.rules.ignored import beyond_ignored
from accounts_api.records.schema import record_catalog
from accounts_api.signals.surveys import queries
from accounts_api.signals.surveys.models import Survey
from accounts_api.signals.surveys.queries import questions_of
from accounts_api.signals.surveys.queries import survey_by_id as find_survey
from accounts_api.signals.surveys.rules import question_faults, read_questions, usual_questions
from accounts_api.signals.surveys.schemas import SurveyIn, SurveyPatch, SurveyQuestion
from shared.auth import Caller
from shared.db import refuse
from shared.errors import Conflict, Fault, Invalid, NotFound, check_version
from shared.keys import Keys, KeyTaken
from shared.lists import filters, moment
from shared.rules.interpreter.depends import dependencies
from shared.rules.syntax.faults import RuleFaulty, of_what_is_stored
from shared.rules.syntax.json_codec import read_json, write_json
from shared.rules.syntax.nodes import AllOf
from shared.rules.syntax.stored import shown_rule
from shared.rules.types.catalog import Catalog
from shared.rules.types.type_check import check
from shared.rules.types.typed import Rule
from shared.service import Service
from shared.uow import UnitOfWork
from shared.usages import Usage

__all__ = ["find_survey", "questions_of"]

SURVEY_KEYS: Final = Keys("survey", "surveys", "archived_at is null")
_AUDITED: Final = (
    "key",
    "title",
    "description",
    "questions",
    "audience",
    "include_churned",
    "same_survey_days",
    "any_survey_days",
    "account_days",
    "account_count",
    "link_days",
)
_PERIODS: Final = ("same_survey_days", "any_survey_days")


class SurveyNotFound(NotFound):
    code = "survey_not_found"
    title = "There is no such survey"


class SurveyTitleTaken(Conflict):
    code = "survey_title_taken"
    title = "Another survey has this title"


class SurveyArchived(Conflict):
    code = "survey_archived"
    title = "This survey was archived"


@dataclass(frozen=True, slots=True)
class Shown:
    """A survey with what is wrong with its audience today."""

    survey: Survey
    faults: list[dict[str, Any]]
    segment_keys: Mapping[str, str]
    """Of those that its audience asks for, by id."""

    def as_json(self) -> dict[str, Any]:
        survey = self.survey
        same = ("id", "key", "title", "description", "kind", "questions", "question_version")
        more = ("include_churned", "link_days", "version")
        stamps = ("archived_at", "created_at", "updated_at")
        audience: dict[str, Any] = {"rule": None, "rule_text": None, "faults": []}
        if survey.audience is not None:
            audience = shown_rule(survey.audience, self.faults, self.segment_keys)
        quota = {"days": survey.account_days, "count": survey.account_count}
        return {
            **{name: getattr(survey, name) for name in (*same, *more, *stamps)},
            "audience": audience["rule"],
            "audience_text": audience["rule_text"],
            "faults": audience["faults"],
            "fatigue": {
                "same_survey_days": survey.same_survey_days,
                "any_survey_days": survey.any_survey_days,
                "per_account": None if survey.account_days is None else quota,
            },
        }


async def must_be_on(uow: UnitOfWork) -> None:
    """Raises `FeatureDisabled` in a workspace that has not switched surveys on."""
    await workspaces.must_have(uow, "surveys")


async def is_on(uow: UnitOfWork) -> bool:
    return await workspaces.has_feature(uow, "surveys")


async def create_survey(uow: UnitOfWork, data: SurveyIn) -> Shown:
    asked = data.questions
    if asked is None:
        asked = [SurveyQuestion.model_validate(one) for one in usual_questions(data.kind)]
    questions = [one.model_dump() for one in asked]
    faults = question_faults(data.kind, read_questions(questions))
    audience = await _audience(uow, data.audience, faults)
    values = {
        "key": await SURVEY_KEYS.key_for(uow, data.key, data.title),
        "title": data.title,
        "description": data.description,
        "kind": data.kind,
        "questions": questions,
        "audience": audience,
        "include_churned": data.include_churned,
        "link_days": data.link_days,
        **_limits(data.fatigue.model_dump()),
    }
    async with _refusals(data.title):
        survey = await queries.add_survey(uow, values)
    await queries.keep_questions(uow, survey, cause_of(uow))
    await audit_log.record(uow, "survey.created", "survey", survey.id, after=_audited(survey))
    return await shown(uow, survey)


async def get_survey(uow: UnitOfWork, survey_id: UUID) -> Shown:
    return await shown(uow, await survey_named(uow, survey_id))


async def list_surveys(
    uow: UnitOfWork, *, archived: bool, after: tuple[str, UUID] | None, limit: int
) -> list[Shown]:
    """By title; one more than `limit`, if there are more."""
    found = await queries.surveys_page(uow, archived=archived, after=after, limit=limit + 1)
    return await _all_shown(uow, found)


async def update_survey(
    uow: UnitOfWork, survey_id: UUID, data: SurveyPatch, version: int | None
) -> Shown:
    """Other questions are another version of them."""
    before = await live_survey(uow, survey_id, lock=True)
    check_version(version, before.version)
    given = data.changes()
    faults = []
    if "questions" in given:
        given["questions"] = [one.model_dump() for one in data.questions]
        faults = question_faults(before.kind, read_questions(given["questions"]))
    audience = await _audience(uow, given.get("audience"), faults)
    if "audience" in given:
        given["audience"] = audience
    if "fatigue" in given:
        given |= _limits(given.pop("fatigue"))
    known = _audited(before)
    was, becomes = audit_log.difference({name: known[name] for name in given}, given)
    if not becomes:
        return await shown(uow, before)
    more = {"question_version": before.question_version + 1} if "questions" in becomes else {}
    async with _refusals(given.get("title", before.title)):
        survey = await queries.change_survey(uow, survey_id, {**becomes, **more})
    if more:
        await queries.keep_questions(uow, survey, cause_of(uow))
    await audit_log.record(uow, "survey.updated", "survey", survey_id, before=was, after=becomes)
    return await shown(uow, survey)


async def rename_survey(uow: UnitOfWork, survey_id: UUID, key: str) -> Shown:
    """The key before leads to it for ninety days more."""
    before = await live_survey(uow, survey_id, lock=True)
    survey = before
    if key != before.key:
        await SURVEY_KEYS.rename(uow, survey_id, before.key, key)
        async with _refusals(before.title):
            survey = await queries.change_survey(uow, survey_id, {"key": key})
        was, becomes = {"key": before.key}, {"key": key}
        await audit_log.record(
            uow, "survey.renamed", "survey", survey_id, before=was, after=becomes
        )
    return await shown(uow, survey)


async def archive_survey(
    uow: UnitOfWork, survey_id: UUID, version: int | None, elsewhere: Elsewhere, *, force: bool
) -> None:
    """Its links close. Refused while something uses it, unless `force`."""
    survey = await live_survey(uow, survey_id, lock=True)
    check_version(version, survey.version)
    if not force:
        found = await used_by(uow, survey, elsewhere)
        must_be_unused(found, "Take it out of these first, or send `force=true`.")
    await queries.archive_survey(uow, survey_id)
    await audit_log.record(uow, "survey.archived", "survey", survey_id, before=_audited(survey))


async def ask_others(service: Service, caller: Caller, survey_id: UUID) -> Elsewhere:
    """Not within a transaction."""
    return await usage.ask_others(service, caller, "survey", str(survey_id))


async def used_by(uow: UnitOfWork, survey: Survey, elsewhere: Elsewhere) -> Used:
    return await usage.used(uow, "survey", str(survey.id), elsewhere)


async def find_usages(uow: UnitOfWork, what: str, record_type: str | None, key: str) -> list[Usage]:
    """The surveys whose audience would not be what it is any more."""
    if what == "member":
        found: Sequence[Survey] = await queries.surveys_naming(uow, key)
    else:
        sought = frozenset(sought_dependencies(what, record_type, key))
        asking = [one for one in await queries.live_surveys(uow) if one.audience is not None]
        if not sought or not asking:
            return []
        catalog = await record_catalog.rule_catalog(uow)
        found = [one for one in asking if not sought.isdisjoint(_depends(catalog, one))]
    return [Usage("survey", str(survey.id), survey.title) for survey in found]


def _depends(catalog: Catalog, survey: Survey) -> set[tuple[str, str]]:
    try:
        rule = audience_rule(catalog, survey)
    except RuleFaulty:
        return set()
    return {(one.record_type, one.what) for one in dependencies(rule)}


async def survey_named(uow: UnitOfWork, survey_id: UUID, *, lock: bool = False) -> Survey:
    """Archived ones too."""
    found = await queries.survey_by_id(uow, survey_id, lock=lock)
    if found is None:
        raise SurveyNotFound("There is no survey with this id.")
    return found


async def live_survey(uow: UnitOfWork, survey_id: UUID, *, lock: bool = False) -> Survey:
    found = await survey_named(uow, survey_id, lock=lock)
    if found.archived_at is not None:
        raise SurveyArchived(f"It was archived on {found.archived_at:%d %B %Y}.")
    return found


def audience_rule(catalog: Catalog, survey: Survey) -> Rule:
    """Raises `RuleFaulty` when what is stored can no longer be used. Contacts of ignored accounts
    alone are in no audience.
    """
    with of_what_is_stored():
        node = AllOf(()) if survey.audience is None else read_json(survey.audience)
        return check(beyond_ignored("contact", node), catalog, "contact")


async def in_audience(
    uow: UnitOfWork, survey: Survey, ids: Sequence[UUID] | None
) -> AbstractSet[UUID] | None:
    """Of these contacts, or of all. None: the audience can no longer be used."""
    try:
        rule = audience_rule(await record_catalog.rule_catalog(uow), survey)
    except RuleFaulty:
        return None
    return await queries.matching_contacts(uow, rule, await moment.evaluation_context(uow), ids)


async def shown(uow: UnitOfWork, survey: Survey) -> Shown:
    return (await _all_shown(uow, [survey]))[0]


async def _all_shown(uow: UnitOfWork, found: Sequence[Survey]) -> list[Shown]:
    asking = [one for one in found if one.audience is not None]
    keys = await keys_of(uow, [one.audience for one in asking if one.audience is not None])
    faults: dict[UUID, list[dict[str, Any]]] = {}
    if asking:
        catalog = await record_catalog.rule_catalog(uow)
        for survey in asking:
            try:
                audience_rule(catalog, survey)
            except RuleFaulty as faulty:
                faults[survey.id] = faulty.as_errors()
    return [Shown(one, faults.get(one.id, []), keys) for one in found]


async def _audience(
    uow: UnitOfWork, written: dict[str, Any] | str | None, faults: Sequence[Fault]
) -> dict[str, Any] | None:
    """As it is stored. Raises `Invalid` with these faults and its own."""
    if written is None:
        if faults:
            raise Invalid(faults=faults)
        return None
    catalog = await rule_input.rule_catalog(uow)
    rule = rule_input.usable_beside(
        faults, lambda: filters.usable(written, catalog, "contact", "/audience")
    )
    return write_json(rule.written)


def _limits(fatigue: dict[str, Any]) -> dict[str, Any]:
    """The columns of what is said of fatigue."""
    limits: dict[str, Any] = {name: fatigue[name] for name in _PERIODS if name in fatigue}
    if "per_account" in fatigue:
        quota = fatigue["per_account"] or {"days": None, "count": None}
        limits |= {"account_days": quota["days"], "account_count": quota["count"]}
    return limits


def _audited(survey: Survey) -> dict[str, Any]:
    return {name: getattr(survey, name) for name in _AUDITED}


def cause_of(uow: UnitOfWork) -> list[dict[str, Any]]:
    return [link.model_dump(mode="json", exclude_none=True) for link in uow.cause]


@asynccontextmanager
async def _refusals(title: str) -> AsyncIterator[None]:
    async with (
        refuse("uq_surveys_workspace_id_key", KeyTaken("Another survey has this key.")),
        refuse("uq_surveys_workspace_id_title", SurveyTitleTaken(f"{title!r} is taken.")),
    ):
        yield

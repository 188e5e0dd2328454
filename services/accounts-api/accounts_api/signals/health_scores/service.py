"""What one may ask of health scores. Their definitions are `health_definitions`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.rule_kinds.evaluators import HEALTH
from accounts_api.evaluation.usages import service as usages
from accounts_api.evaluation.usages.service import Used, must_be_unused
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.signals.health_scores import queries
from accounts_api.signals.health_scores.queries import (
    KEYS,
    DefinitionList,
    HealthScore,
    add_definition_list,
    change_score,
    definition_list,
    score_by_id,
    scores,
    set_faults,
)
from accounts_api.signals.health_scores.schemas import HealthScoreIn, HealthScorePatch
from shared.db import refuse
from shared.errors import Conflict, NotFound, check_version
from shared.keys import KeyTaken
from shared.uow import UnitOfWork
from shared.usages import Usage

__all__ = [
    "KEYS",
    "DefinitionList",
    "HealthScore",
    "add_definition_list",
    "change_score",
    "definition_list",
    "score_by_id",
    "scores",
    "set_faults",
]

MOST_SCORES: Final = 10
_SHOWN: Final = (
    "id",
    "key",
    "title",
    "record_type",
    "stop_at_churn",
    "publish_delta",
    "definitions_version",
    "version",
    "archived_at",
    "created_at",
    "updated_at",
)
_AUDITED: Final = ("key", "title", "record_type", "stop_at_churn", "publish_delta")


class HealthScoreNotFound(NotFound):
    code = "health_score_not_found"
    title = "There is no such health score"


class HealthScoreTitleTaken(Conflict):
    code = "health_score_title_taken"
    title = "Another health score has this title"


class HealthScoreArchived(Conflict):
    code = "health_score_archived"
    title = "This health score was archived"


class TooManyHealthScores(Conflict):
    code = "too_many_health_scores"
    title = "A workspace has at most ten health scores"


async def shown(uow: UnitOfWork, found: Sequence[HealthScore]) -> list[dict[str, Any]]:
    backfills = await engine.backfills_of(uow, [score.id for score in found])
    return [
        {
            **{name: getattr(score, name) for name in _SHOWN},
            "faults": score.faults or [],
            "progress": backfills[score.id].as_json() if score.id in backfills else None,
        }
        for score in found
    ]


async def list_scores(uow: UnitOfWork, *, archived: bool) -> list[dict[str, Any]]:
    return await shown(uow, await queries.scores(uow, archived=archived))


async def get_score(uow: UnitOfWork, score_id: UUID) -> HealthScore:
    """An archived one, too. Raises `HealthScoreNotFound`."""
    found = await queries.score_by_id(uow, score_id)
    if found is None:
        raise HealthScoreNotFound("There is no health score with this id.")
    return found


async def live_score(uow: UnitOfWork, score_id: UUID) -> HealthScore:
    """Locked: one edit of a score and its definitions at a time."""
    found = await queries.score_by_id(uow, score_id, lock=True)
    if found is None:
        raise HealthScoreNotFound("There is no health score with this id.")
    if found.archived_at is not None:
        raise HealthScoreArchived(f"It was archived on {found.archived_at:%d %B %Y}.")
    return found


async def create_score(uow: UnitOfWork, data: HealthScoreIn) -> HealthScore:
    """With an empty list of definitions. Scores are made one at a time, so they can be counted."""
    key = await KEYS.key_for(uow, data.key, data.title)
    if len(await queries.scores(uow)) >= MOST_SCORES:
        raise TooManyHealthScores("Archive one that is no longer looked at.")
    async with _refusals(data.title):
        made = await queries.add_score(uow, {**data.model_dump(), "key": key})
    await queries.add_definition_list(uow, made.id, made.definitions_version, [], cause_of(uow))
    await audit_log.record(
        uow, "health_score.created", "health_score", made.id, after=_audited(made)
    )
    return made


async def update_score(
    uow: UnitOfWork, score_id: UUID, data: HealthScorePatch, version: int | None
) -> HealthScore:
    """Whether scores stop at churn decides what churned accounts have: all are evaluated again."""
    before = await live_score(uow, score_id)
    check_version(version, before.version)
    was, becomes = audit_log.difference(_audited(before), data.changes())
    if not becomes:
        return before
    async with _refusals(becomes.get("title", before.title)):
        changed = await queries.change_score(uow, score_id, becomes)
    if "stop_at_churn" in becomes and changed.definitions_version > 1:
        await engine.start_backfill(uow, score_id)
    await audit_log.record(
        uow, "health_score.updated", "health_score", score_id, before=was, after=becomes
    )
    return changed


async def archive_score(
    uow: UnitOfWork, score_id: UUID, version: int | None, *, force: bool
) -> None:
    """What it gave to records goes, in batches. Raises `InUse` while rules read it, unless
    `force`: then they stand still.
    """
    score = await live_score(uow, score_id)
    check_version(version, score.version)
    if not force:
        advice = "Take it out of these first, or send `force=true`."
        must_be_unused(await used_by(uow, score), advice)
    await queries.archive_score(uow, score_id)
    await engine.register(uow, score_id, HEALTH, score.record_type, ())
    await audit_log.record(
        uow, "health_score.archived", "health_score", score_id, before=_audited(score)
    )


async def used_by(uow: UnitOfWork, score: HealthScore) -> Used:
    """By rules that read its score or its label. Other services cannot."""
    found = [
        usage
        for name in score.fields
        for usage in await usages.find_usages(uow, "field", score.record_type, name)
    ]
    return Used(list(dict.fromkeys(found)), [], 0)


async def find_usages(uow: UnitOfWork, what: str, _: str | None, key: str) -> list[Usage]:
    """The scores whose definitions name a member, whose id stands in their rules. Of all else the
    engine knows who depends on it.
    """
    if what != "member":
        return []
    found = await queries.scores_naming(uow, key)
    return [Usage("health_score", str(score.id), score.title) for score in found]


def cause_of(uow: UnitOfWork) -> list[dict[str, Any]]:
    return [link.model_dump(mode="json", exclude_none=True) for link in uow.cause]


def _audited(score: HealthScore) -> dict[str, Any]:
    return {name: getattr(score, name) for name in _AUDITED}


@asynccontextmanager
async def _refusals(title: str) -> AsyncIterator[None]:
    taken = HealthScoreTitleTaken(f"{title!r} is taken.")
    async with (
        refuse("uq_health_score_types_workspace_id_key", KeyTaken("Choose another key.")),
        refuse("uq_health_score_types_workspace_id_title", taken),
    ):
        yield

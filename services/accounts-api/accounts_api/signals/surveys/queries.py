from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from accounts_api.customers.formulas.shown import moved_types
from accounts_api.language.rules.reads import reads_of
from accounts_api.signals.surveys.models import Survey, survey_versions, surveys
from shared.data import WORKSPACE
from shared.ids import new_id
from shared.rules.sql.compile import verdict
from shared.rules.sql.rows import record_table
from shared.rules.types.context import EvaluationContext
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork

_COLUMNS = tuple(surveys.c[field.name] for field in fields(Survey))
_OF_WORKSPACE = select(*_COLUMNS).where(surveys.c.workspace_id == WORKSPACE)
_LIVE = _OF_WORKSPACE.where(surveys.c.archived_at.is_(None)).order_by(surveys.c.title, surveys.c.id)
_BY_ID = _OF_WORKSPACE.where(surveys.c.id == bindparam("survey_id"))


async def survey_by_id(uow: UnitOfWork, survey_id: UUID, *, lock: bool = False) -> Survey | None:
    statement = _BY_ID.with_for_update(key_share=True) if lock else _BY_ID
    return await uow.row(Survey, statement, survey_id=survey_id)


async def surveys_page(
    uow: UnitOfWork, *, archived: bool, after: tuple[str, UUID] | None, limit: int
) -> list[Survey]:
    page = _OF_WORKSPACE.where(surveys.c.archived_at.is_not(None) == archived)
    if after is not None:
        page = page.where(tuple_(surveys.c.title, surveys.c.id) > tuple_(*after))
    return await uow.rows(Survey, page.order_by(surveys.c.title, surveys.c.id).limit(limit))


async def live_surveys(uow: UnitOfWork) -> list[Survey]:
    """By title."""
    return await uow.rows(Survey, _LIVE)


_NAMING = _LIVE.where(
    func.strpos(cast(surveys.c.audience, Text), bindparam("named", type_=Text())) > 0
)


async def surveys_naming(uow: UnitOfWork, named: str) -> list[Survey]:
    """Whose audiences hold this text, by title."""
    return await uow.rows(Survey, _NAMING, named=named)


async def add_survey(uow: UnitOfWork, values: Mapping[str, object]) -> Survey:
    return await uow.one(Survey, insert(surveys).values(id=new_id(), **values).returning(*_COLUMNS))


async def change_survey(uow: UnitOfWork, survey_id: UUID, values: Mapping[str, object]) -> Survey:
    changed = (
        update(surveys)
        .where(surveys.c.workspace_id == uow.workspace_id, surveys.c.id == survey_id)
        .values(version=surveys.c.version + 1, updated_at=func.clock_timestamp(), **values)
        .returning(*_COLUMNS)
    )
    return await uow.one(Survey, changed)


async def archive_survey(uow: UnitOfWork, survey_id: UUID) -> Survey:
    return await change_survey(uow, survey_id, {"archived_at": func.clock_timestamp()})


async def keep_questions(uow: UnitOfWork, survey: Survey, cause: list[dict[str, Any]]) -> None:
    await uow.run(
        insert(survey_versions).values(
            survey_id=survey.id,
            question_version=survey.question_version,
            questions=survey.questions,
            cause=cause,
        )
    )


_QUESTIONS = select(survey_versions.c.questions).where(
    survey_versions.c.workspace_id == WORKSPACE,
    survey_versions.c.survey_id == bindparam("survey_id"),
    survey_versions.c.question_version == bindparam("question_version"),
)


async def questions_of(
    uow: UnitOfWork, survey_id: UUID, question_version: int
) -> list[dict[str, Any]] | None:
    return await uow.value(
        list[dict[str, Any]], _QUESTIONS, survey_id=survey_id, question_version=question_version
    )


async def matching_contacts(
    uow: UnitOfWork, rule: Rule, context: EvaluationContext, ids: Sequence[UUID] | None
) -> set[UUID]:
    """The living contacts for whom the rule holds, of these or of all."""
    row = record_table(rule.type)
    found = select(row.c.id).where(
        row.c.workspace_id == WORKSPACE, row.c.deleted_at.is_(None), verdict(rule, row, context)
    )
    only = {}
    if ids is not None:
        found = found.where(row.c.id == any_(bindparam("ids", list(ids), type_=ARRAY(Uuid()))))
        only = {rule.type.name: [str(one) for one in ids]}
    moved = await moved_types(uow, reads_of([rule]), only=only)
    return set(await uow.values(UUID, moved.begun(found), **moved.parameters))

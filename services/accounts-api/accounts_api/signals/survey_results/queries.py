from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from accounts_api.signals.survey_results.rules import PASSIVES_FROM, PROMOTERS_FROM
from shared.uow import UnitOfWork

# What was said by an instant: of each response its last version by then, of each contact the
# latest response. One of nobody stands for itself.
_LATEST: Final = """
    select distinct on (coalesce(r.contact_id, r.id))
           r.id, r.contact_id, r.account_id, r.responded_at, v.score
    from survey_responses r
    join lateral (
        select v.score from survey_response_versions v
        where v.workspace_id = :workspace_id and v.response_id = r.id and v.effective_at <= {until}
        order by v.version desc limit 1
    ) v on true
    where r.workspace_id = :workspace_id and r.survey_id = :survey_id
      and r.responded_at <= {until} {which}
    order by coalesce(r.contact_id, r.id), r.responded_at desc, r.id desc
"""
_IN_SEGMENT: Final = """
    and exists (
        select 1 from segment_members m
        where m.workspace_id = :workspace_id and m.segment_id = :segment_id
          and m.record_id in ({column}) and m.retracted_at is null
          and m.entered_at <= :until and (m.left_at is null or m.left_at > :until)
    )
"""


@dataclass(frozen=True, slots=True)
class ScoreCount:
    score: int | None
    responses: int


_COUNTS: Final = text(
    "select l.score, count(*) as responses"
    f" from ({_LATEST.format(until=':until', which='')}) l group by l.score order by l.score"
)
_COUNTS_IN_SEGMENT: Final = text(
    "select l.score, count(*) as responses"
    f" from ({_LATEST.format(until=':until', which='')}) l where true"
    f" {_IN_SEGMENT.format(column='l.contact_id, l.account_id')} group by l.score order by l.score"
)


async def score_counts(
    uow: UnitOfWork, survey_id: UUID, until: datetime, segment_id: UUID | None
) -> list[ScoreCount]:
    """Of those who, or whose accounts, are in the segment then."""
    given = {"survey_id": survey_id, "until": until}
    if segment_id is None:
        return await uow.rows(ScoreCount, _COUNTS, **given)
    return await uow.rows(ScoreCount, _COUNTS_IN_SEGMENT, **given, segment_id=segment_id)


@dataclass(frozen=True, slots=True)
class ChannelCount:
    via: str
    invited: int
    answered: int


_CHANNELS: Final = """
    select i.via, count(*) as invited, count(*) filter (where i.answered_at <= :until) as answered
    from survey_invitations i
    where i.workspace_id = :workspace_id and i.survey_id = :survey_id and i.invited_at <= :until
      and (i.withdrawn_at is null or i.withdrawn_at > :until) {which}
    group by i.via order by i.via
"""
_BY_CHANNEL: Final = text(_CHANNELS.format(which=""))
_BY_CHANNEL_IN_SEGMENT: Final = text(
    _CHANNELS.format(which=_IN_SEGMENT.format(column="i.contact_id, i.account_id"))
)


async def channel_counts(
    uow: UnitOfWork, survey_id: UUID, until: datetime, segment_id: UUID | None
) -> list[ChannelCount]:
    given = {"survey_id": survey_id, "until": until}
    if segment_id is None:
        return await uow.rows(ChannelCount, _BY_CHANNEL, **given)
    return await uow.rows(ChannelCount, _BY_CHANNEL_IN_SEGMENT, **given, segment_id=segment_id)


@dataclass(frozen=True, slots=True)
class AccountScores:
    """What the people of an account say: of each the latest response in a window."""

    account_id: UUID
    responses: int
    total: int
    """The sum of the scores."""
    promoters: int
    detractors: int


_END_OF_DAY: Final = "(cast(:day as date) + 1)::timestamp at time zone :zone - interval '1 us'"
_LATEST_OF_ACCOUNTS: Final = _LATEST.format(
    until=f"({_END_OF_DAY})", which="and r.account_id = any(cast(:accounts as uuid[]))"
)
_OF_ACCOUNTS: Final = text(
    f"""
    select l.account_id, count(*) as responses, sum(l.score)::bigint as total,
           count(*) filter (where l.score >= {PROMOTERS_FROM}) as promoters,
           count(*) filter (where l.score < {PASSIVES_FROM}) as detractors
    from ({_LATEST_OF_ACCOUNTS}) l
    where l.score is not null
      and l.responded_at >= cast(:since as date)::timestamp at time zone :zone
    group by l.account_id order by l.account_id
    """
)


async def scores_of_accounts(
    uow: UnitOfWork, survey_id: UUID, accounts: Collection[UUID], since: date, day: date
) -> list[AccountScores]:
    """From the local day `since` to the end of `day`, as it was said by then; an account of which
    nobody answered is left out. NPS is 100 * (promoters - detractors) / responses.
    """
    zone = str(await uow.zone())
    given = {"survey_id": survey_id, "accounts": list(accounts), "since": since, "day": day}
    return await uow.rows(AccountScores, _OF_ACCOUNTS, **given, zone=zone)

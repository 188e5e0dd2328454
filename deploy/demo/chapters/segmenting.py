"""2. Statuses and segments fill themselves; a change in Salesforce moves records, as time does."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from deploy.demo.configuration import (
    DUE,
    LIFECYCLE_RULES,
    SCALED,
    SCALED_RULE,
    WORKSPACE_ZONE,
    due_rule,
)
from deploy.demo.world import World
from tests.simulators.salesforce.landmarks import LANDMARKS

_MOVED = LANDMARKS["merge_winner"]
_BY_TIME = LANDMARKS["hard_bounce"]
_HORIZON_DAYS = 90

# Said in plain SQL by someone who does not know the rule language.
_SCALED_SQL = """
    select id from accounts.accounts
    where workspace_id = $1 and deleted_at is null
      and lifecycle_status = 'subscribed' and traits ->> 'cs_tier' = 'Scaled'
"""
_DUE_SQL = f"""
    select id from accounts.opportunities
    where workspace_id = $1 and deleted_at is null and type = 'renewal' and not is_closed
      and account_id in ({_SCALED_SQL})
      and (contract_expiration is null or contract_expiration between $2 and $2 + {_HORIZON_DAYS})
"""


async def play(world: World) -> None:
    world.story.chapter(2, "Statuses and segments fill themselves")
    await _statuses(world)
    await _segments(world)
    await _salesforce_moves_one(world)
    await _time_moves_some(world)


async def _statuses(world: World) -> None:
    for rule in LIFECYCLE_RULES:
        await world.api.post("/v1/lifecycle-rules", rule, expect=201)
    ignored = await world.salesforce.count("Account", "where Type = 'Internal Test'")
    churned = await world.salesforce.count(
        "Account", f"where Churn_Date__c <= {world.now:%Y-%m-%d} and Type != 'Internal Test'"
    )
    trial = await world.salesforce.count(
        "Account", "where Type = 'Prospect' and Churn_Date__c = null"
    )
    everyone = await world.salesforce.count("Account")
    expected = {
        "churned": churned,
        "ignored": ignored,
        "subscribed": everyone - ignored - churned - trial,
        "trial": trial,
    }

    async def stored() -> dict[str, int]:
        rows = await world.database.rows(
            "select lifecycle_status as status, count(*) as count from accounts.accounts"
            " where workspace_id = $1 and deleted_at is null group by 1 order by 1"
        )
        return {row["status"]: row["count"] for row in rows}

    told = ", ".join(f"{count} {status}" for status, count in expected.items())
    await world.story.soon(f"every account has one status by rule: {told}", stored, expected)
    listed = len(await world.api.every("/v1/accounts", fields="id"))
    world.story.equal("ignored accounts are not listed", listed, everyone - ignored)


async def _segments(world: World) -> None:
    scaled = await _create(world, SCALED, "account", SCALED_RULE)
    await _filled(world, SCALED, _SCALED_SQL)
    await _create(world, DUE, "opportunity", due_rule(scaled))
    await _filled(world, DUE, _DUE_SQL, _today(world))
    await _everyone_is_as_sql_says(world)


async def _create(world: World, title: str, record_type: str, rule: str) -> str:
    made = await world.api.post(
        "/v1/segments", {"title": title, "record_type": record_type, "rule": rule}, expect=201
    )
    world.ids[title] = made["id"]
    return str(made["id"])


async def _filled(world: World, title: str, statement: str, *values: Any) -> None:
    async def count() -> int:
        segment = await world.api.get(f"/v1/segments/{world.ids[title]}")
        done = segment["progress"]["state"] == "done"
        return int(segment["count"]) if done else -1

    expected = len(await world.database.rows(statement, *values))
    await world.story.soon(f"“{title}” fills itself: {expected} members", count, expected)


async def _everyone_is_as_sql_says(world: World) -> None:
    """The segments of a moment against plain SQL over the same records."""
    for title, statement, values in (
        (SCALED, _SCALED_SQL, ()),
        (DUE, _DUE_SQL, (_today(world),)),
    ):
        rows = await world.database.rows(statement, *values)
        members = await world.members_of(title)
        world.story.equal(
            f"the {len(rows)} members of “{title}” are those that plain SQL finds",
            members,
            {str(row["id"]) for row in rows},
        )


def _today(world: World) -> Any:
    return world.now.astimezone(ZoneInfo(WORKSPACE_ZONE)).date()


async def _salesforce_moves_one(world: World) -> None:
    story = world.story
    account_id = (await world.account(_MOVED.account_id))["id"]
    path = f"/v1/segments/{world.ids[SCALED]}/explain"
    for tier, inside in (("Managed", False), ("Scaled", True)):
        story.tell(f"in Salesforce a person makes {_MOVED.account_name} {tier}")
        await world.salesforce.edit(_MOVED.account_id, CS_Tier__c=tier)

        async def member() -> bool:
            explained = await world.api.get(path, record_id=account_id)
            return bool(explained["member"])

        verb = "enters" if inside else "leaves"
        await story.soon(f"it is pulled and {verb} “{SCALED}”", member, inside)
    explained = await world.api.get(path, record_id=account_id)
    story.equal(
        "both memberships are kept, newest first, the earlier with its end",
        [membership["left_by"] for membership in explained["memberships"]],
        [None, "rule"],
    )


async def _time_moves_some(world: World) -> None:
    """A day is a day of the workspace's zone: the audience grows at its midnight, to the second."""
    story = world.story
    renewal = await world.opportunity(str(_BY_TIME.opportunity_id))
    path = f"/v1/segments/{world.ids[DUE]}/explain"
    explained = await world.api.get(path, record_id=renewal["id"])
    instant = _opening(renewal["contract_expiration"])
    story.equal(
        f"{renewal['name']} expires on {renewal['contract_expiration']}: not in “{DUE}” yet, and"
        f" due to be looked at on {instant:%-d %B at %H:%M:%S} UTC",
        (explained["member"], datetime.fromisoformat(explained["next_check_at"] or "")),
        (False, instant),
    )
    await world.move_clock(instant - timedelta(seconds=1), "a second before")
    explained = await world.api.get(path, record_id=renewal["id"])
    story.equal("it is still outside", explained["member"], False)
    seconds = await world.move_clock(instant, "midnight in Berlin")
    explained = await world.api.get(path, record_id=renewal["id"])
    entered = [datetime.fromisoformat(each["entered_at"]) for each in explained["memberships"]]
    story.equal(
        f"it entered at that very instant, without any change to it ({seconds:.1f} s later all was"
        " quiet)",
        (explained["member"], entered),
        (True, [instant]),
    )
    await _everyone_is_as_sql_says(world)


def _opening(expiration: str) -> datetime:
    day = datetime.fromisoformat(expiration) - timedelta(days=_HORIZON_DAYS)
    return day.replace(tzinfo=ZoneInfo(WORKSPACE_ZONE)).astimezone(ZoneInfo("UTC"))

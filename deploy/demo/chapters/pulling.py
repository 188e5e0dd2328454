"""1. The workspace connects to Salesforce and has its customers."""

from typing import Any

from deploy.demo.configuration import WORKSPACE_ZONE
from deploy.demo.stage import BEGIN
from deploy.demo.world import World
from tests.simulators.salesforce import landmarks
from tests.simulators.salesforce.landmarks import SHARED_STAMP_AGO
from tests.simulators.salesforce.people import EVERYBODY, FORMER_CSM

_PAGE_ROWS = 150
_COUNTED = {"Account": "accounts", "Contact": "contacts", "Opportunity": "opportunities"}


async def play(world: World) -> None:
    world.story.chapter(1, "Salesforce is connected, and the customers are there")
    await world.api.patch("/v1/workspace", {"time_zone": WORKSPACE_ZONE, "currency": "USD"})
    # Pages smaller than the crowd that shares one SystemModstamp: it lies across them.
    await world.salesforce.ask("PATCH", "/__control/settings", {"page_caps": [_PAGE_ROWS]})
    run = await _first_pull(world)
    _tell_counts(world, run)
    await _same_counts(world)
    await _people(world)
    await _awkward_ones(world)
    await world.salesforce.ask("PATCH", "/__control/settings", {"page_caps": []})
    await _merge_and_delete(world)


async def _first_pull(world: World) -> dict[str, Any]:
    connection = await world.api.post(
        "/v1/connections",
        {
            "system": "salesforce",
            "first_pull": "run",
            "title": "Salesforce",
            "login_url": world.salesforce.url,
            "client_id": world.salesforce.client_id,
            "client_secret": world.salesforce.client_secret,
            "every_seconds": 5,
            "lag_seconds": 0,
        },
        expect=201,
    )
    world.ids["salesforce"] = connection["id"]

    async def first_run() -> dict[str, Any]:
        page = await world.api.get("/v1/sync-runs", connection_id=connection["id"])
        return page["data"][-1] if page["data"] else {"status": "queued"}

    return await world.story.soon(
        "the first run reads the whole org and says that it succeeded",
        first_run,
        lambda run: run["status"] == "succeeded",
        within=90,
    )


def _tell_counts(world: World, run: dict[str, Any]) -> None:
    for name, count in run["objects"].items():
        told = [f"{count[what]:,} {what}" for what in ("read", "written") if count[what]]
        told += [f"{count[key]} {key}" for key in ("deleted", "merged", "rejected") if count[key]]
        world.story.tell(f"{name:<24}{', '.join(told)}")
    world.story.tell(f"{run['requests']} requests to Salesforce")


async def _same_counts(world: World) -> None:
    counts = {}
    for sobject, plural in _COUNTED.items():
        there = await world.salesforce.count(sobject)
        shown = len(await world.api.every(f"/v1/{plural}", include_ignored="true"))
        stored = await world.database.value(
            f"select count(*) from accounts.{plural}"
            " where workspace_id = $1 and deleted_at is null and external_id is not null"
        )
        counts[plural] = {"Salesforce": there, "API": shown, "database": stored}
    story = world.story
    for plural, count in counts.items():
        story.equal(
            f"{count['API']:,} {plural}: as many as Salesforce has, in the API and in the database",
            count,
            dict.fromkeys(count, count["Salesforce"]),
        )
    enough = {"accounts": 300, "contacts": 900, "opportunities": 400}
    story.true(
        "at least 300 accounts, 900 contacts and 400 opportunities",
        all(counts[plural]["API"] >= least for plural, least in enough.items()),
        counts,
    )


async def _people(world: World) -> None:
    members = {row["external_id"]: row for row in await world.api.every("/v1/members")}
    found = {person.user_id: members.get(person.user_id, {}).get("active") for person in EVERYBODY}
    expected = {person.user_id: person.is_active for person in EVERYBODY}
    world.story.equal(
        f"{len(EVERYBODY)} Salesforce users are members; {FORMER_CSM.name}, who left, is inactive",
        found,
        expected,
    )
    account = await world.account(landmarks.EXPONENT_ACCOUNT, include="key_roles")
    owner = (await world.salesforce.read(landmarks.EXPONENT_ACCOUNT))["OwnerId"]
    world.story.equal(
        "the owner of an account holds its key role CSM",
        account["key_roles"]["csm"],
        [members[owner]["id"]],
    )


async def _awkward_ones(world: World) -> None:
    story, api = world.story, world.api
    for loser, winner in landmarks.MERGED_ACCOUNTS.items():
        await api.ask("GET", f"/v1/accounts/by-external-id/{loser}", expect=404)
        found = await world.account(winner, include="contacts")
        mail = {contact["email"] for contact in found["contacts"]}
        story.true(
            f"an account merged into {found['name']} before is not there, its people are",
            "sven.aas@bluebird.example" in mail,
            mail,
        )
    await api.ask("GET", f"/v1/accounts/by-external-id/{landmarks.DELETED_ACCOUNT}", expect=404)
    story.holds("an account deleted before is not there")
    missing = [(await world.opportunity(each))["contract_expiration"] for each in
               landmarks.NO_EXPIRATION]  # fmt: skip
    story.equal("renewals without an expiration are kept, without one", missing, [None, None])
    silent = await world.salesforce.count("Contact", "where Email = null")
    found = await world.database.value(
        "select count(*) from accounts.contacts"
        " where workspace_id = $1 and deleted_at is null and email is null"
    )
    story.equal(f"{silent} contacts without an e-mail address are kept, without one", found, silent)
    shared = await world.api.get(
        "/v1/contacts/by-external-id/" + landmarks.SEVERAL_ACCOUNTS_CONTACT, include="accounts"
    )
    story.equal("a contact of several accounts belongs to all three", len(shared["accounts"]), 3)
    rich = await world.account(landmarks.EXPONENT_ACCOUNT)
    story.equal("an amount written as 1.25E7 is 12.5 million, in cents", rich["arr"], 1_250_000_000)
    await _crowd(world)


async def _crowd(world: World) -> None:
    """Rows that share one SystemModstamp have no order by it: a page must not end among them and
    the next begin behind them.
    """
    stamp = f"{BEGIN - SHARED_STAMP_AGO:%Y-%m-%dT%H:%M:%S.000Z}"
    pages = await world.salesforce.ask("GET", "/__control/requests", route="/query/0r8")
    crowd = await world.salesforce.rows(f"select Id from Contact where SystemModstamp = {stamp}")
    found = await world.database.value(
        "select count(*) from accounts.contacts"
        " where workspace_id = $1 and deleted_at is null and external_id = any($2)",
        [row["Id"] for row in crowd],
    )
    world.story.true(
        f"{len(crowd)} contacts share one SystemModstamp and lie across pages"
        f" of {_PAGE_ROWS}; all are here, {len(pages)} pages turned",
        found == len(crowd) > _PAGE_ROWS and len(pages) > 1,
        {"shared": len(crowd), "found": found, "pages turned": len(pages)},
    )


async def _merge_and_delete(world: World) -> None:
    """While we are connected: old ids lead to the survivor, and the dead do not come back."""
    story = world.story
    ferries = landmarks.LANDMARKS["several_accounts_2"].account_id
    energy = landmarks.LANDMARKS["several_accounts_3"].account_id
    ordinary = (await world.salesforce.rows("select Id from Contact where Email = null"))[-1]["Id"]
    story.tell(
        "in Salesforce a person merges Fjordline Ferries into Fjordline Energy, deletes a contact,",
        "and says that Marta Klein decides about the renewal of Harbor & Finch Logistics",
    )
    merge = {"master": energy, "losers": [ferries]}
    await world.salesforce.ask("POST", "/__control/records/merge", merge)
    await world.salesforce.ask("DELETE", f"/__control/records/{ordinary}")
    role = {
        "OpportunityId": landmarks.LANDMARKS["hard_bounce"].opportunity_id,
        "ContactId": landmarks.HARD_BOUNCE_CONTACT,
        "Role": "Decision Maker",
        "IsPrimary": True,
    }
    await world.salesforce.create("OpportunityContactRole", role)

    async def survivor() -> str | None:
        found = await world.api.ask("GET", f"/v1/accounts/by-external-id/{ferries}")
        return str(found["external_id"])

    await story.soon("the merged account's old id leads to Fjordline Energy", survivor, energy)

    async def stored() -> list[dict[str, object]]:
        return await world.database.rows(
            "select deleted_at is not null as deleted from accounts.contacts"
            " where workspace_id = $1 and external_id = $2",
            ordinary,
        )

    await story.soon("the deleted contact is a tombstone", stored, [{"deleted": True}])

    async def plan_roles() -> list[str]:
        path = f"/v1/contacts/by-external-id/{landmarks.HARD_BOUNCE_CONTACT}"
        contact = await world.api.get(path, include="accounts")
        return [role for each in contact["accounts"] for role in each["plan_roles"]]

    await story.soon("Marta Klein is a Decision Maker", plan_roles, ["Decision Maker"])

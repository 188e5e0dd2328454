"""Whatever happens there and on the way: when the faults stop, our copy is theirs."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.sync_worker.making import Org, expire_leases, kill_worker_at

FAULTS = (
    "invalid_session",
    "concurrent_requests_limit",
    "unknown_exception",
    "query_timeout",
    "maintenance_page",
    "html_ok",
    "edge_420",
    "truncated",
    "reset",
    "lost_response",
    "total_requests_limit",
)


class Mutator:
    """Edits an org at random, as people and batch jobs do."""

    def __init__(self, org: Org, seed: int) -> None:
        self.org = org
        self.random = random.Random(seed)
        self.buried: list[str] = []

    def act(self) -> None:
        action = self.random.choice(
            [self.edit, self.edit, self.add, self.bury, self.dig_up, self.merge, self.bulk,
             self.move, self.relate]
        )  # fmt: skip
        action()

    def pick(self, sobject: str, count: int = 1) -> list[str]:
        return self.random.sample(sorted(self.org.rows(sobject)), count)

    def edit(self) -> None:
        for each in self.pick("Opportunity", 3):
            self.org.sf.people.update(
                each,
                {
                    "ARR__c": self.random.randrange(1, 10**6) / 100,
                    "Contract_Expiration__c": f"2027-{self.random.randrange(1, 12):02d}-15",
                },
            )

    def add(self) -> None:
        (account,) = self.pick("Account")
        number = self.random.randrange(10**9)
        self.org.sf.people.create(
            "Contact",
            {"LastName": f"N{number}", "AccountId": account, "Email": f"n{number}@x.example"},
        )

    def bury(self) -> None:
        (contact,) = self.pick("Contact")
        self.org.sf.people.delete(contact)
        self.buried.append(contact)

    def dig_up(self) -> None:
        if self.buried:
            self.org.sf.people.undelete(self.buried.pop())

    def merge(self) -> None:
        winner, loser = self.pick("Contact", 2)
        self.org.sf.people.merge(winner, [loser])

    def bulk(self) -> None:
        title = f"Batch {self.random.randrange(10**6)}"
        self.org.sf.people.update_all(self.pick("Contact", 30), {"Title": title})

    def move(self) -> None:
        (account,) = self.pick("Account")
        for each in self.pick("Contact", 2):
            self.org.sf.people.update(each, {"AccountId": account})

    def relate(self) -> None:
        (account,) = self.pick("Account")
        (contact,) = self.pick("Contact")
        taken = {
            (row["AccountId"], row["ContactId"])
            for row in self.org.rows("AccountContactRelation").values()
        }
        if (account, contact) not in taken:
            self.org.sf.people.create(
                "AccountContactRelation",
                {"AccountId": account, "ContactId": contact, "Roles": "Decision Maker"},
            )


async def differences(org: Org) -> list[str]:
    """Where our copy is not theirs."""
    found: list[str] = []
    comparisons: dict[str, tuple[str, dict[str, Callable[[dict[str, Any]], Any]]]] = {
        "accounts": ("Account", {"name": lambda row: row["Name"]}),
        "contacts": (
            "Contact",
            {"title": lambda row: row["Title"], "email": lambda row: row["Email"]},
        ),
        "opportunities": (
            "Opportunity",
            {
                "arr": lambda r: None if r["ARR__c"] is None else round(r["ARR__c"] * 100),
                "contract_expiration": lambda row: row["Contract_Expiration__c"],
            },
        ),
    }
    ids: dict[str, str] = {}
    for plural, (sobject, fields) in comparisons.items():
        ours, theirs = await org.all(plural), org.rows(sobject)
        ids |= {each["id"]: key for key, each in ours.items()}
        found += [f"{sobject} {key} only on one side" for key in ours.keys() ^ theirs.keys()]
        for key in ours.keys() & theirs.keys():
            for name, value in fields.items():
                if ours[key][name] != value(theirs[key]):
                    found.append(f"{sobject} {key} {name}: {ours[key][name]!r}")
    expected = links(org)
    for key, contact in (await org.all("contacts")).items():
        linked = {ids[link["account_id"]] for link in contact["accounts"]}
        if linked != expected.get(key, set()):
            found.append(f"Contact {key} belongs to {linked}, not {expected.get(key)}")
    return found


def links(org: Org) -> dict[str, set[str]]:
    """Contact to its accounts: its own, those related, those of deals it has a part in."""
    found: dict[str, set[str]] = {}
    opportunities = org.rows("Opportunity")
    for key, row in org.rows("Contact").items():
        found.setdefault(key, set()).update({row["AccountId"]} - {None})
    for row in org.rows("AccountContactRelation").values():
        if row["IsActive"] or row["IsDirect"]:
            found.setdefault(row["ContactId"], set()).add(row["AccountId"])
    for row in org.rows("OpportunityContactRole").values():
        if row["OpportunityId"] in opportunities:
            account = opportunities[row["OpportunityId"]]["AccountId"]
            found.setdefault(row["ContactId"], set()).add(account)
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_our_copy_is_theirs_when_the_faults_stop(org: Org, seed: int) -> None:
    await org.connect()
    org.sf.org.configure({"page_caps": [11, 40]})
    mutator = Mutator(org, seed)
    for _ in range(6):
        for _ in range(4):
            preset = mutator.random.choice(FAULTS)
            org.sf.faults.add(
                mutator.random.choice(["/query", "oauth2/token", "FROM Contact", "/describe"]),
                preset=preset,
                first=mutator.random.randrange(1, 6),
                times=mutator.random.randrange(1, 4),
            )
        await org.sync()
        for _ in range(5):
            mutator.act()
        org.sf.clock.advance(timedelta(seconds=mutator.random.choice([0, 1, 30, 900])))
    org.sf.faults.clear()
    connection = await org.ws.admin.get(f"/v1/connections/{org.connection_id}")
    if connection.json()["status"] == "needs_reauth":
        await org.ws.admin.post(f"/v1/connections/{org.connection_id}/resume")
    org.sf.clock.advance(timedelta(seconds=60))
    await retry_all(org)
    run = await retry_all(org)
    if run["status"] == "held":
        await org.ws.admin.post(f"/v1/sync-runs/{run['id']}/approve")
        await org.tenure.settle()
    assert await differences(org) == []


async def retry_all(org: Org) -> dict[str, Any]:
    path = f"/v1/connections/{org.connection_id}/rejected-records/retry"
    asked = await org.ws.admin.post(path)
    assert asked.status_code == 202, asked.text
    await org.tenure.settle()
    return await org.run(asked.json()["id"])


@pytest.mark.parametrize("seconds", [5, 300])
async def test_changes_that_become_visible_late_are_not_lost(org: Org, seconds: int) -> None:
    await org.connect()
    await org.sync()
    org.sf.org.configure({"commit_delay_seconds": seconds})
    (late,) = Mutator(org, 1).pick("Contact")
    org.sf.people.update(late, {"Title": "Late"})
    org.sf.org.configure({"commit_delay_seconds": 0})
    org.sf.clock.advance(timedelta(seconds=2))
    await org.sync()
    org.sf.clock.advance(timedelta(seconds=seconds))
    await org.sync()
    assert (await org.all("contacts"))[late]["title"] == "Late"


@pytest.mark.parametrize("handful", [1, 3, 5])
async def test_a_worker_killed_in_the_middle_loses_nothing(org: Org, handful: int) -> None:
    org.sf.org.configure({"page_caps": [40]})
    await org.connect()
    await kill_worker_at(org, "pull.before_keep", handful)
    await expire_leases(org)
    await org.tenure.settle()
    runs = (await org.ws.admin.get("/v1/sync-runs")).json()["data"]
    assert [(run["status"], run["attempt"]) for run in runs] == [("succeeded", 2)]
    assert await differences(org) == []

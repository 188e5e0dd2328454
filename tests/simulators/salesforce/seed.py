"""A repeatable sandbox org: the same seed at the same instant gives the same records.

Of the open renewals of scaled accounts about 25 expire 88 to 94 days ahead, so that they enter a
90-day audience as the clock moves; six are late, three expired, two have no date, and the rest lie
beyond 120 days.
"""

import random
import re
import unicodedata
from datetime import date, timedelta

from tests.simulators.salesforce import lifecycle, names
from tests.simulators.salesforce.landmarks import (
    DELETED_ACCOUNT,
    DELETED_CONTACT,
    LANDMARKS,
    MERGED_ACCOUNTS,
    MERGED_CONTACTS,
    PLAN,
    SEVERAL_ACCOUNTS_CONTACT,
    SHARED_STAMP_AGO,
    SHARED_STAMP_CONTACTS,
    PlannedAccount,
)
from tests.simulators.salesforce.objects import INDUSTRIES
from tests.simulators.salesforce.org import Org, Write
from tests.simulators.salesforce.people import (
    EVERYBODY,
    FORMER_CSM,
    INTEGRATION,
    MANAGED_CSMS,
    PEOPLE,
    SCALED_CSMS,
    Person,
)
from tests.simulators.salesforce.values import Value, Values, instant

DEFAULT_SEED = 7
ACCOUNTS = 320
DUE_SOON = (88, 88, 89, 89, 90, 90, 90, 91, 91, 92, 92, 93, 93, 93, 94, 94, 94)
"""Days to expiration of the ordinary scaled renewals due soon; eight landmarks join them."""
CHURNED, TRIALS, INTERNAL, ORPHANED = 22, 18, 3, 4


def seed(org: Org, number: int = DEFAULT_SEED, *, accounts: int = ACCOUNTS) -> None:
    """Fill an empty org; `landmarks` names the records worth knowing."""
    with org.transaction():
        _Seeding(org, random.Random(number)).run(accounts)


def people(org: Org) -> None:
    """Fill an empty org with its people only."""
    with org.transaction():
        _Seeding(org, random.Random(DEFAULT_SEED)).people()


class _Seeding:
    def __init__(self, org: Org, rng: random.Random) -> None:
        self._org, self._rng = org, rng
        self._now = org.clock.now().replace(microsecond=0)
        self._today = self._now.date()
        self._accounts: list[str] = []
        self._emails: set[str] = set()

    def run(self, accounts: int) -> None:
        self.people()
        for planned in PLAN:
            self._landmark(planned)
        self._companies(accounts - len(PLAN))
        self._hierarchy()
        self._contact_roles()
        self._tasks()
        self._oddities()

    # Small tools

    def _ago(self, days: float) -> str:
        return instant(self._now - timedelta(days=days))

    def _day(self, ahead: int) -> str:
        return (self._today + timedelta(days=ahead)).isoformat()

    def _create(self, sobject: str, given: Values, *, made: float, changed: float) -> str:
        """Make a record that is `made` days old and was last changed `changed` days ago."""
        owner = str(given.get("OwnerId") or self._org.admin_id)
        record_id = lifecycle.create(self._org, sobject, given, Write(owner, self._ago(made)))
        stamp: Values = dict.fromkeys(("LastModifiedDate", "SystemModstamp"), self._ago(changed))
        self._org.overwrite(self._org.latest(record_id) | stamp, Write(owner, self._ago(changed)))
        return record_id

    def _age(self) -> tuple[float, float]:
        made = self._rng.uniform(120, 1200)
        return made, self._rng.uniform(3, min(made, 200))

    # People and places

    def people(self) -> None:
        self._org.admin_id = PEOPLE[-1].user_id
        organization: Values = {
            "Name": "Northwind CS", "OrganizationType": "Enterprise Edition",
            "InstanceName": "SBX1", "IsSandbox": True, "TimeZoneSidKey": "America/New_York",
        }  # fmt: skip
        self._create("Organization", organization, made=1500, changed=1500)
        for person in EVERYBODY:
            user: Values = {
                "Username": person.email, "Email": person.email, "Title": person.title,
                "FirstName": person.first_name, "LastName": person.last_name,
                "TimeZoneSidKey": person.time_zone, "IsActive": person.is_active,
            }  # fmt: skip
            if person is INTEGRATION:
                user |= {"Username": "integration@northwind-cs.example"}
            if person in (*SCALED_CSMS, *MANAGED_CSMS):
                user |= {"ManagerId": PEOPLE[9].user_id}
            made = self._create("User", user, made=1400, changed=300)
            _same(made, person.user_id)

    # Accounts

    def _landmark(self, planned: PlannedAccount) -> None:
        mark = LANDMARKS[planned.key]
        place = self._rng.choice(names.PLACES)
        made, changed = self._age()
        owner = self._rng.choice(SCALED_CSMS)
        account_id = self._account(planned.name, place, owner, made, changed, **planned.fields)
        _same(account_id, mark.account_id)
        for contact, contact_id in zip(planned.contacts, mark.contact_ids.values(), strict=True):
            given: Values = {
                "FirstName": contact.first_name, "LastName": contact.last_name,
                "Email": contact.email, "Product_Admin__c": contact.admin, "Title": contact.title,
            }  # fmt: skip
            found = self._contact(account_id, place, owner, given, made, changed)
            _same(found, contact_id)
        if planned.renewal is not None and mark.opportunity_id is not None:
            days = planned.renewal.expires_in
            renewal = self._renewal(planned.name, account_id, owner, days,
                                    deal_room=planned.renewal.deal_room)  # fmt: skip
            _same(renewal, mark.opportunity_id)

    def _account(
        self, name: str, place: names.Place, owner: Person, made: float, changed: float,
        **more: Value,
    ) -> str:  # fmt: skip
        arr = float(self._rng.randrange(6, 240) * 1000)
        given: Values = {
            "Name": name, "Type": "Customer", "Industry": self._rng.choice(INDUSTRIES),
            "Website": f"https://www.{_slug(name)}.example", "Phone": _phone(self._rng),
            "NumberOfEmployees": self._rng.randrange(20, 9000),
            "AnnualRevenue": float(self._rng.randrange(1, 900) * 250_000), "ARR__c": arr,
            "BillingCity": place.city, "BillingCountry": place.country,
            "Time_Zone__c": place.time_zone, "OwnerId": owner.user_id, "CS_Tier__c": "Scaled",
        }  # fmt: skip
        return self._create("Account", given | more, made=made, changed=changed)

    def _companies(self, count: int) -> None:
        """Ordinary companies: due soon first, then churned, on trial, internal, all others."""
        words = [f"{a} {b}" for a in names.COMPANY_FIRST for b in names.COMPANY_SECOND]
        self._rng.shuffle(words)
        for number in range(count):
            again, word = divmod(number, len(words))
            name = words[word] + self._rng.choice(names.COMPANY_LAST)
            name += f" {again + 1}" if again else ""
            self._accounts.append(self._company(number, name))

    def _company(self, number: int, name: str) -> str:
        due = DUE_SOON[number] if number < len(DUE_SOON) else None
        kind = "customer" if due else self._kind(number - len(DUE_SOON))
        scaled = due is not None or self._rng.random() < 0.56
        owner = self._rng.choice(SCALED_CSMS if scaled else MANAGED_CSMS)
        more: Values = {} if scaled else {"CS_Tier__c": "Managed"}
        if kind == "orphaned":
            owner = FORMER_CSM
        elif kind == "internal":
            more["Type"] = "Internal Test"
        elif kind == "churned":
            reason = self._rng.choice(names.CHURN_REASONS)
            more |= {"Churn_Date__c": self._day(-self._rng.randrange(5, 400)), "ARR__c": 0.0}
            more["Description"] = reason
        elif kind == "trial":
            # Some trials ran out without anybody having decided.
            more |= {"Type": "Prospect", "Trial_End__c": self._day(self._rng.randrange(-15, 45))}
            more["ARR__c"] = None
        place = self._rng.choice(names.PLACES)
        made, changed = self._age()
        account_id = self._account(name, place, owner, made, changed, **more)
        self._staff(account_id, name, place, owner, made, sure=due is not None)
        self._deals(account_id, name, owner, kind, due)
        return account_id

    def _kind(self, number: int) -> str:
        for kind, count in (
            ("churned", CHURNED), ("trial", TRIALS), ("internal", INTERNAL), ("orphaned", ORPHANED)
        ):  # fmt: skip
            if number < count:
                return kind
            number -= count
        return "customer"

    def _hierarchy(self) -> None:
        """Some companies belong to another."""
        parents = self._accounts[100:112]
        for child, parent in zip(self._accounts[60:84], parents * 2, strict=False):
            values = self._org.latest(child) | {"ParentId": parent}
            self._org.overwrite(values, Write(self._org.admin_id, self._ago(1)))

    # Contacts

    def _staff(
        self, account_id: str, company: str, place: names.Place, owner: Person, made: float, *,
        sure: bool,
    ) -> None:  # fmt: skip
        """Two to five contacts. `sure` gives the first the product-admin role and an address."""
        for number in range(self._rng.randrange(2, 6)):
            first, last = self._rng.choice(names.FIRST_NAMES), self._rng.choice(names.LAST_NAMES)
            reachable = (sure and number == 0) or self._rng.random() < 0.76
            given: Values = {
                "FirstName": first, "LastName": last,
                "Email": self._email(first, last, company) if reachable else None,
                "Title": self._rng.choice(names.TITLES),
                "Product_Admin__c": number == 0 and (sure or self._rng.random() < 0.85),
                "HasOptedOutOfEmail": not (sure and number == 0) and self._rng.random() < 0.03,
            }  # fmt: skip
            changed = self._rng.uniform(3, min(made, 200))
            self._contact(account_id, place, owner, given, made, changed)

    def _contact(
        self, account_id: str, place: names.Place, owner: Person, given: Values,
        made: float, changed: float,
    ) -> str:  # fmt: skip
        given = given | {
            "AccountId": account_id, "OwnerId": owner.user_id, "Phone": _phone(self._rng),
            "MailingCity": place.city, "MailingCountry": place.country,
        }  # fmt: skip
        return self._create("Contact", given, made=made, changed=changed)

    def _email(self, first: str, last: str, company: str) -> str:
        local = f"{_slug(first)}.{_slug(last)}"
        address, number = f"{local}@{_slug(company)}.example", 1
        while address in self._emails:
            number += 1
            address = f"{local}{number}@{_slug(company)}.example"
        self._emails.add(address)
        return address

    # Opportunities

    def _deals(
        self, account_id: str, company: str, owner: Person, kind: str, due: int | None
    ) -> None:
        if kind == "internal":
            return
        if kind == "trial":
            given: Values = {"StageName": self._rng.choice(("Discovery", "Proposal"))}
            self._opportunity("New Business", company, account_id, owner,
                              self._rng.randrange(10, 90), given)  # fmt: skip
            return
        if kind == "churned":
            ago = self._rng.randrange(5, 400)
            self._renewal(company, account_id, owner, -ago, StageName="Closed Lost")
            return
        ahead = due or self._rng.randrange(125, 364)
        self._renewal(company, account_id, owner, ahead, deal_room=bool(due))
        self._term(company, account_id, owner, ahead)
        if self._rng.random() < 0.25:
            stage: Values = {"StageName": self._rng.choice(("Discovery", "Negotiation"))}
            self._opportunity("Expansion", company, account_id, owner,
                              self._rng.randrange(15, 120), stage)  # fmt: skip

    def _renewal(
        self, company: str, account_id: str, owner: Person, expires_in: int | None, *,
        deal_room: bool = False, **more: Value,
    ) -> str:  # fmt: skip
        """An open renewal, whose expiration is that of the contract it would renew."""
        given: Values = {"StageName": "Discovery", "NextStep": "Confirm contacts"}
        if expires_in is not None:
            given["Contract_Expiration__c"] = self._day(expires_in)
            given["Contract_Start__c"] = _year_before(self._day(expires_in))
        if deal_room or (self._rng.random() < 0.5 and expires_in is not None and expires_in > 120):
            given["Deal_Room_URL__c"] = f"https://deals.northwind-cs.example/{_slug(company)}"
        ahead = 30 if expires_in is None else expires_in
        return self._opportunity("Renewal", company, account_id, owner, ahead, given | more)

    def _term(self, company: str, account_id: str, owner: Person, expires_in: int) -> None:
        """The won deal whose term runs now."""
        start = _year_before(self._day(expires_in))
        given: Values = {
            "StageName": "Closed Won", "Contract_Start__c": start,
            "Contract_Expiration__c": self._day(expires_in),
        }  # fmt: skip
        signed = (date.fromisoformat(start) - self._today).days - 5
        kind = self._rng.choice(("New Business", "Renewal"))
        self._opportunity(kind, company, account_id, owner, signed, given)

    def _opportunity(
        self, kind: str, company: str, account_id: str, owner: Person, closes_in: int, given: Values
    ) -> str:
        arr = float(self._rng.randrange(6, 240) * 1000)
        closes = self._today + timedelta(days=closes_in)
        values: Values = {
            "Name": f"{company[:90]} - {kind} {closes.year}", "Type": kind, "AccountId": account_id,
            "OwnerId": owner.user_id, "CloseDate": closes.isoformat(), "Amount": arr, "ARR__c": arr,
        }  # fmt: skip
        made = self._rng.uniform(20, 110)
        changed = self._rng.uniform(3, made)
        return self._create("Opportunity", values | given, made=made, changed=changed)

    def _contact_roles(self) -> None:
        contacts: dict[Value, list[Values]] = {}
        for contact in self._org.newest("Contact"):
            contacts.setdefault(contact["AccountId"], []).append(contact)
        for deal in self._org.newest("Opportunity"):
            for number, contact in enumerate(contacts.get(deal["AccountId"], [])[:2]):
                if deal["IsClosed"] or self._rng.random() < 0.5:
                    continue
                role: Values = {
                    "OpportunityId": deal["Id"], "ContactId": contact["Id"],
                    "Role": "Decision Maker" if number == 0 else "Evaluator",
                    "IsPrimary": number == 0,
                }  # fmt: skip
                self._create("OpportunityContactRole", role, made=15, changed=12)

    def _tasks(self) -> None:
        """Calls and mails, some so old that plain queries no longer show them."""
        for number, account_id in enumerate(self._accounts[:60]):
            done = number % 3 != 0
            age = 400 if number % 20 == 1 else self._rng.randrange(3, 90)
            task: Values = {
                "WhatId": account_id, "Subject": "Quarterly check-in", "TaskSubtype": "Call",
                "Status": "Completed" if done else "Not Started",
                "ActivityDate": self._day(-age if done else age),
                "OwnerId": self._org.latest(account_id)["OwnerId"],
            }  # fmt: skip
            self._create("Task", task, made=age, changed=age)

    # What makes a sync stumble

    def _oddities(self) -> None:
        org, admin = self._org, self._org.admin_id
        for loser, winner in MERGED_ACCOUNTS.items():
            lifecycle.merge(org, winner, [loser], Write(admin, self._ago(4)))
        for loser, winner in MERGED_CONTACTS.items():
            lifecycle.merge(org, winner, [loser], Write(admin, self._ago(3.9)))
        for gone in (DELETED_ACCOUNT, DELETED_CONTACT):
            lifecycle.delete(org, gone, Write(admin, self._ago(3.5)))
        for key in ("several_accounts_2", "several_accounts_3"):
            relation: Values = {
                "ContactId": SEVERAL_ACCOUNTS_CONTACT, "AccountId": LANDMARKS[key].account_id,
                "Roles": "Decision Maker;Economic Buyer",
            }  # fmt: skip
            org.create("AccountContactRelation", relation, Write(admin, self._ago(3)))
        shared = Write(admin, instant(self._now - SHARED_STAMP_AGO))
        accounts = set(self._accounts)
        ordinary = [c for c in org.newest("Contact") if c["AccountId"] in accounts]
        for contact in ordinary[:SHARED_STAMP_CONTACTS]:
            org.update(str(contact["Id"]), {}, shared)


def _same(made: str, expected: str) -> None:
    if made != expected:
        raise RuntimeError(f"The sandbox was seeded into an org that was not empty: {made}.")


def _year_before(day: str) -> str:
    # A term starts on the day after the same day of the year before; 29 February has no such day.
    found = date.fromisoformat(day)
    leap = found.month == 2 and found.day == 29
    last = found.replace(year=found.year - 1, day=28 if leap else found.day)
    return (last + timedelta(days=1)).isoformat()


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.replace("ø", "o")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "", plain.lower())


def _phone(rng: random.Random) -> str:
    return f"+1 555 {rng.randrange(100, 1000)} {rng.randrange(1000, 10_000)}"

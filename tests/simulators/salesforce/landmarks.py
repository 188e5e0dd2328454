"""The sandbox's awkward records. They are made first, so their ids hold for every seed."""

from dataclasses import dataclass, field
from datetime import timedelta

from tests.simulators.salesforce import ids
from tests.simulators.salesforce.values import Values


@dataclass(frozen=True)
class PlannedContact:
    first_name: str
    last_name: str
    email: str | None = None
    admin: bool = False
    title: str = "Operations Manager"


@dataclass(frozen=True)
class PlannedRenewal:
    """An open renewal; `expires_in` days from now, None if the date was never filled in."""

    expires_in: int | None
    deal_room: bool = True


@dataclass(frozen=True)
class PlannedAccount:
    key: str
    name: str
    contacts: tuple[PlannedContact, ...] = ()
    renewal: PlannedRenewal | None = None
    fields: Values = field(default_factory=dict)


@dataclass(frozen=True)
class Landmark:
    account_id: str
    account_name: str
    contact_ids: dict[str, str]
    """By e-mail address, or by name if there is none."""
    opportunity_id: str | None


def _staff(domain: str, *, admin_email: str | None = None) -> tuple[PlannedContact, ...]:
    """An administrator with a way to reach them, a second candidate, and one without e-mail."""
    return (
        PlannedContact("Marta", "Klein", admin_email or f"marta.klein@{domain}", admin=True),
        PlannedContact("Jonas", "Weber", f"jonas.weber@{domain}", title="Head of Talent"),
        PlannedContact("Dana", "Whitfield", None, title="Procurement Manager"),
    )


def _customer(
    number: int, key: str, name: str, expires_in: int | None, *,
    deal_room: bool = True, admin: bool = True, admin_email: str | None = None,
) -> PlannedAccount:  # fmt: skip
    staff = _staff(f"landmark-{number}.example", admin_email=admin_email)
    if not admin:
        staff = tuple(PlannedContact(c.first_name, c.last_name, c.email) for c in staff)
    return PlannedAccount(key, name, staff, PlannedRenewal(expires_in, deal_room))


_LATE = (22, 29, 37, 44, 52, 58)
_EXPIRED = (-3, -12, -40)
PLAN = (
    PlannedAccount(
        "hard_bounce",
        "Harbor & Finch Logistics",
        (
            PlannedContact("Marta", "Klein", "marta.klein@bounce.example", admin=True),
            PlannedContact("Omar", "Farouk", "omar.farouk@harborfinch.example", admin=True,
                           title="Systems Administrator"),
            PlannedContact("Lena", "Hoffmann", "lena.hoffmann@harborfinch.example",
                           title="Head of People"),
            PlannedContact("Piotr", "Zielinski", None, title="Recruiter"),
        ),
        PlannedRenewal(91),
    ),
    _customer(2, "reply", "Copperline Studios", 91, admin_email="nadia.rossi@reply.example"),
    _customer(3, "out_of_office", "Juniper Freight", 92, admin_email="tomas.berg@ooo.example"),
    _customer(4, "no_deal_room_1", "Lantern Learning", 91, deal_room=False),
    _customer(5, "no_deal_room_2", "Saltmarsh Foods", 92, deal_room=False),
    _customer(6, "no_deal_room_3", "Tidewater Clinics", 93, deal_room=False),
    _customer(7, "no_product_admin_1", "Northgate Mobility", 91, admin=False),
    _customer(8, "no_product_admin_2", "Paper Crane Press", 92, admin=False),
    _customer(9, "no_expiration_1", "Quiet Harbor Hotels", None),
    _customer(10, "no_expiration_2", "Redwood Robotics", None),
    *(
        _customer(11 + n, f"late_{n + 1}", f"{name} Outfitters", days)
        for n, (name, days) in enumerate(
            zip(("Anchor", "Bramble", "Cinder", "Driftwood", "Elm", "Flint"), _LATE, strict=True)
        )
    ),
    *(
        _customer(17 + n, f"expired_{n + 1}", f"{name} Textiles", days)
        for n, (name, days) in enumerate(
            zip(("Gable", "Hollow", "Inkwell"), _EXPIRED, strict=True)
        )
    ),
    PlannedAccount("merge_winner", "Bluebird Shipping", _staff("bluebird.example"),
                   PlannedRenewal(210)),
    PlannedAccount(
        "merge_loser",
        "Blue Bird Shipping Ltd.",
        (
            PlannedContact("Sven", "Aas", "sven.aas@bluebird.example"),
            PlannedContact("Marta", "Klein", "m.klein@bluebird.example"),
        ),
    ),
    PlannedAccount("deleted", "Sunset Retail Group", _staff("sunset.example"),
                   PlannedRenewal(150)),
    PlannedAccount("several_accounts_1", "Fjordline Holding",
                   (PlannedContact("Ingrid", "Solberg", "ingrid.solberg@fjordline.example",
                                   admin=True, title="Group CIO"),
                    PlannedContact("Kim", "Departed", "kim.departed@fjordline.example")),
                   PlannedRenewal(240)),
    PlannedAccount("several_accounts_2", "Fjordline Ferries", (), PlannedRenewal(250)),
    PlannedAccount("several_accounts_3", "Fjordline Energy", (), PlannedRenewal(260)),
    PlannedAccount("exponent", "Meridian Insurance Group", _staff("meridian.example"),
                   PlannedRenewal(300),
                   {"AnnualRevenue": 3.5e8, "ARR__c": 1.25e7, "CS_Tier__c": "Managed"}),
    PlannedAccount("internal_test", "Northwind Internal Sandbox", _staff("internal.example"),
                   None, {"Type": "Internal Test"}),
)  # fmt: skip


def _landmarks() -> dict[str, Landmark]:
    found: dict[str, Landmark] = {}
    contacts = opportunities = 0
    for number, account in enumerate(PLAN, 1):
        contact_ids = {}
        for contact in account.contacts:
            contacts += 1
            name = contact.email or f"{contact.first_name} {contact.last_name}"
            contact_ids[name] = ids.mint("Contact", contacts)
        opportunities += account.renewal is not None
        opportunity_id = ids.mint("Opportunity", opportunities) if account.renewal else None
        account_id = ids.mint("Account", number)
        found[account.key] = Landmark(account_id, account.name, contact_ids, opportunity_id)
    return found


LANDMARKS = _landmarks()


def _opportunities(prefix: str) -> tuple[str, ...]:
    found = (mark for key, mark in LANDMARKS.items() if key.startswith(prefix))
    return tuple(mark.opportunity_id for mark in found if mark.opportunity_id)


NO_DEAL_ROOM = _opportunities("no_deal_room")
NO_PRODUCT_ADMIN = _opportunities("no_product_admin")
NO_EXPIRATION = _opportunities("no_expiration")
LATE = _opportunities("late")
EXPIRED = _opportunities("expired")

HARD_BOUNCE_EMAIL = "marta.klein@bounce.example"
REPLY_EMAIL = "nadia.rossi@reply.example"
OUT_OF_OFFICE_EMAIL = "tomas.berg@ooo.example"
HARD_BOUNCE_CONTACT = LANDMARKS["hard_bounce"].contact_ids[HARD_BOUNCE_EMAIL]

MERGED_ACCOUNTS = {LANDMARKS["merge_loser"].account_id: LANDMARKS["merge_winner"].account_id}
"""Loser to winner."""
MERGED_CONTACTS = {
    LANDMARKS["merge_loser"].contact_ids["m.klein@bluebird.example"]: (
        LANDMARKS["merge_winner"].contact_ids["marta.klein@bluebird.example"]
    )
}
DELETED_ACCOUNT = LANDMARKS["deleted"].account_id
"""Its contacts and its renewal went with it."""
DELETED_CONTACT = LANDMARKS["several_accounts_1"].contact_ids["kim.departed@fjordline.example"]
SEVERAL_ACCOUNTS_CONTACT = LANDMARKS["several_accounts_1"].contact_ids[
    "ingrid.solberg@fjordline.example"
]
EXPONENT_ACCOUNT = LANDMARKS["exponent"].account_id
INTERNAL_ACCOUNT = LANDMARKS["internal_test"].account_id
FIFTEEN_CHARACTER_ID = LANDMARKS["reply"].account_id[:15]
"""An account's id as people copy it from an address bar."""

SHARED_STAMP_CONTACTS = 260
"""So many contacts got one SystemModstamp by one bulk update, this long before now."""
SHARED_STAMP_AGO = timedelta(days=2)

"""The record types every workspace has."""

from typing import Final

from shared.mail.addresses import normal_email
from shared.rules.types.catalog import (
    Catalog,
    Changes,
    Children,
    EventDays,
    Field,
    FieldType,
    Holdings,
    Link,
    Memberships,
    Parent,
    RecordType,
    Relation,
    Side,
)
from shared.values.countries import country_code

LIFECYCLE: Final = ("subscribed", "trial", "churned", "ignored")
OPPORTUNITY_TYPES: Final = ("renewal", "expansion", "new_business", "product_swap")

COMMON: Final = (
    Field("id", FieldType.ID),
    Field("external_id", FieldType.TEXT),
    Field("name", FieldType.TEXT),
    Field("created_at", FieldType.DATETIME),
    Field("updated_at", FieldType.DATETIME),
)
MEMBERSHIPS: Final = Memberships("segment_members", "segment_id")
CHANGES: Final = Changes("field_changes")
TOUCHES: Final = tuple(
    Field(f"touches.{name}", FieldType.DATETIME, side=Side("record_touches", name))
    for name in ("last_inbound_at", "last_outbound_at", "last_meeting_at", "last_note_at")
)


def _counted(kind: str) -> Side:
    return Side("indicator_counts", kind, otherwise=0)


INDICATORS: Final = tuple(
    Field(f"indicators.open_{name}", FieldType.NUMBER, side=_counted(name))
    for name in ("risks", "opportunities")
)
_PLAN_ROLES: Final = (Field("plan_roles", FieldType.MULTI_SELECT, on_link=True),)

ORGANIZATION: Final = RecordType(
    "organization",
    "organizations",
    (*COMMON, Field("domain", FieldType.TEXT)),
    (Relation("accounts", "account", Children("organization_id"), ("account",)),),
    MEMBERSHIPS,
    changes=CHANGES,
)

ACCOUNT: Final = RecordType(
    "account",
    "accounts",
    (
        *COMMON,
        Field("organization_id", FieldType.ID),
        Field("domain", FieldType.TEXT),
        Field("arr", FieldType.CURRENCY, currency_column="currency"),
        Field("currency", FieldType.TEXT),
        Field(
            "lifecycle_status",
            FieldType.SELECT,
            options=LIFECYCLE,
            aliases=("status",),
        ),
        Field("lifecycle_status_since", FieldType.DATETIME, aliases=("status_since",)),
        Field("time_zone", FieldType.TEXT),
        Field("country", FieldType.TEXT, one_form=country_code),
        *TOUCHES,
        *INDICATORS,
    ),
    (
        Relation("organization", "organization", Parent("organization_id")),
        Relation(
            "contacts",
            "contact",
            Link("account_contacts", "account_id", "contact_id"),
            ("contact",),
            _PLAN_ROLES,
        ),
        Relation("opportunities", "opportunity", Children("account_id"), ("opportunity",)),
    ),
    MEMBERSHIPS,
    Holdings("key_role_assignments", "account_id", "key_role_key"),
    CHANGES,
    events=EventDays(
        "product_event_days", "account_id", values="product_event_values", contact="contact_id"
    ),
)

CONTACT: Final = RecordType(
    "contact",
    "contacts",
    (
        *COMMON,
        Field("first_name", FieldType.TEXT),
        Field("last_name", FieldType.TEXT),
        Field("email", FieldType.TEXT, one_form=normal_email),
        Field("phone", FieldType.TEXT),
        Field("title", FieldType.TEXT),
        Field("time_zone", FieldType.TEXT),
        Field("email_status", FieldType.SELECT),
        Field("deactivated_at", FieldType.DATETIME),
        *TOUCHES,
        *INDICATORS,
    ),
    (
        Relation(
            "accounts",
            "account",
            Link("account_contacts", "contact_id", "account_id"),
            ("account",),
            _PLAN_ROLES,
        ),
    ),
    MEMBERSHIPS,
    changes=CHANGES,
    events=EventDays("product_event_days", "contact_id", values="product_event_values"),
)

OPPORTUNITY: Final = RecordType(
    "opportunity",
    "opportunities",
    (
        *COMMON,
        Field("account_id", FieldType.ID),
        Field("type", FieldType.SELECT, options=OPPORTUNITY_TYPES),
        Field("stage", FieldType.TEXT),
        Field("is_closed", FieldType.BOOLEAN, aliases=("closed",)),
        Field("is_won", FieldType.BOOLEAN, aliases=("won",)),
        Field("close_date", FieldType.DATE),
        Field("contract_start", FieldType.DATE),
        Field("contract_expiration", FieldType.DATE, aliases=("expiration",)),
        Field("arr", FieldType.CURRENCY, currency_column="currency"),
        Field("currency", FieldType.TEXT),
        Field("deal_room_url", FieldType.TEXT),
        Field("manually_enter_renewal_sequence", FieldType.BOOLEAN),
        Field("renewal_sequence_status", FieldType.TEXT),
        Field("renewal_sequence_status_at", FieldType.DATETIME),
        *INDICATORS,
    ),
    (Relation("account", "account", Parent("account_id")),),
    MEMBERSHIPS,
    changes=CHANGES,
)

STANDARD: Final = Catalog(
    {type_.name: type_ for type_ in (ORGANIZATION, ACCOUNT, CONTACT, OPPORTUNITY)}
)

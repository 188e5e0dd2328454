"""The objects of the simulated org: the standard ones the product reads, and its custom fields."""

from collections.abc import Iterable
from typing import Any

from tests.simulators.salesforce.ids import PREFIXES
from tests.simulators.salesforce.schema import Field, SObject
from tests.simulators.salesforce.values import Value

ACCOUNT_TYPES = ("Customer", "Prospect", "Partner", "Internal Test", "Other")
INDUSTRIES = (
    "Education", "Energy", "Finance", "Government", "Healthcare", "Hospitality", "Insurance",
    "Manufacturing", "Media", "Retail", "Software", "Transportation",
)  # fmt: skip
STAGES: dict[str, tuple[bool, bool, str, float]] = {
    # StageName: IsClosed, IsWon, ForecastCategory, Probability
    "Discovery": (False, False, "Pipeline", 20.0),
    "Proposal": (False, False, "BestCase", 50.0),
    "Negotiation": (False, False, "Forecast", 75.0),
    "Verbal Commit": (False, False, "Forecast", 90.0),
    "Closed Won": (True, True, "Closed", 100.0),
    "Closed Lost": (True, False, "Omitted", 0.0),
}


def _text(name: str, length: int = 255, **more: Any) -> Field:
    return Field(name, "string", length=length, **more)


def _area(name: str, length: int = 32_000) -> Field:
    return Field(name, "textarea", length=length)


def _of(kind: str, *names: str, length: int = 0) -> tuple[Field, ...]:
    return tuple(Field(name, kind, length=length) for name in names)


def _flag(name: str, *, default: bool = False) -> Field:
    return Field(name, "boolean", required=False, default=default)


def _read_only(name: str, kind: str, length: int = 0, **more: Any) -> Field:
    return Field(name, kind, length=length, createable=False, updateable=False, **more)


def _choice(
    name: str,
    choices: Iterable[str],
    *,
    restricted: bool = False,
    required: bool = False,
    default: Value = None,
) -> Field:
    return Field(
        name, "picklist", length=255, choices=tuple(choices),
        restricted=restricted, required=required, default=default,
    )  # fmt: skip


def _link(
    name: str,
    *to: str,
    relation: str | None = None,
    children: str | None = None,
    required: bool = False,
    updateable: bool = True,
) -> Field:
    return Field(
        name, "reference", refers_to=to, relation=relation or name.removesuffix("Id"),
        children=children, required=required, updateable=updateable,
    )  # fmt: skip


_SYSTEM = (
    _read_only("Id", "id"),
    _read_only("IsDeleted", "boolean"),
    _read_only("CreatedDate", "datetime"),
    _read_only("CreatedById", "reference", refers_to=("User",), relation="CreatedBy"),
    _read_only("LastModifiedDate", "datetime"),
    _read_only("LastModifiedById", "reference", refers_to=("User",), relation="LastModifiedBy"),
    _read_only("SystemModstamp", "datetime"),
)
_OWNER = _link("OwnerId", "User")
_TENURE_ID = _text("Tenure_Id__c", 64, external_id=True, unique=True)

_ACCOUNT = (
    *_SYSTEM,
    _text("Name", required=True),
    _choice("Type", ACCOUNT_TYPES),
    _choice("Industry", INDUSTRIES),
    *_of("url", "Website", length=255),
    *_of("phone", "Phone", length=40),
    *_of("int", "NumberOfEmployees"),
    *_of("currency", "AnnualRevenue", "ARR__c"),
    *_of("string", "BillingStreet", "BillingCity", "BillingState", "BillingCountry", length=255),
    _area("Description"),
    _link("ParentId", "Account", children="ChildAccounts"),
    _read_only("MasterRecordId", "reference", refers_to=("Account",), relation="MasterRecord"),
    _OWNER,
    _choice("CS_Tier__c", ("Scaled", "Managed"), restricted=True),
    *_of("date", "Trial_End__c", "Churn_Date__c"),
    _text("Time_Zone__c", 64),
    _TENURE_ID,
    # Not unique, so that two accounts can claim one key and an upsert by it is ambiguous.
    _text("Legacy_Id__c", 64, external_id=True),
    _read_only("LastActivityDate", "date"),
)

_CONTACT = (
    *_SYSTEM,
    _link("AccountId", "Account", children="Contacts"),
    _choice("Salutation", ("Mr.", "Ms.", "Mx.", "Dr.", "Prof.")),
    _text("FirstName", 40),
    _text("LastName", 80, required=True),
    _read_only("Name", "string", 121),
    *_of("string", "Title", length=128),
    *_of("string", "Department", length=80),
    *_of("email", "Email", length=80),
    *_of("phone", "Phone", "MobilePhone", length=40),
    *_of("string", "MailingCity", "MailingCountry", length=80),
    _link("ReportsToId", "Contact"),
    _flag("HasOptedOutOfEmail"),
    *_of("datetime", "EmailBouncedDate"),
    *_of("string", "EmailBouncedReason", length=255),
    _read_only("IsEmailBounced", "boolean"),
    _flag("Product_Admin__c"),
    _read_only("MasterRecordId", "reference", refers_to=("Contact",), relation="MasterRecord"),
    _OWNER,
    _TENURE_ID,
    _read_only("LastActivityDate", "date"),
)

_OPPORTUNITY = (
    *_SYSTEM,
    _link("AccountId", "Account", children="Opportunities"),
    _text("Name", 120, required=True),
    _choice("Type", ("Renewal", "Expansion", "New Business", "Product Swap")),
    _choice("StageName", STAGES, required=True),
    _read_only("IsClosed", "boolean"),
    _read_only("IsWon", "boolean"),
    _read_only("ForecastCategory", "picklist", 40),
    *_of("percent", "Probability"),
    *_of("currency", "Amount", "ARR__c"),
    Field("CloseDate", "date", required=True),
    *_of("date", "Contract_Start__c", "Contract_Expiration__c"),
    *_of("url", "Deal_Room_URL__c", length=255),
    _text("Renewal_Sequence_Status__c", 120),
    *_of("datetime", "Renewal_Sequence_Status_At__c"),
    # A cross-object formula: it changes when the account does, and no stamp tells of it.
    _read_only("Account_CS_Tier__c", "string", 255, formula="Account.CS_Tier__c"),
    _text("NextStep"),
    _area("Description"),
    _OWNER,
    _TENURE_ID,
)

_ROLE = (
    *_SYSTEM,
    _link("OpportunityId", "Opportunity", children="OpportunityContactRoles", required=True,
          updateable=False),
    _link("ContactId", "Contact", children="OpportunityContactRoles", required=True),
    _choice("Role", ("Decision Maker", "Economic Buyer", "Executive Sponsor", "Champion",
                     "Evaluator", "Other")),
    _flag("IsPrimary"),
)  # fmt: skip

_RELATION = (
    *_SYSTEM,
    _link("AccountId", "Account", children="AccountContactRelations", required=True,
          updateable=False),
    _link("ContactId", "Contact", children="AccountContactRelations", required=True,
          updateable=False),
    _read_only("IsDirect", "boolean"),
    _flag("IsActive", default=True),
    Field("Roles", "multipicklist", length=4099,
          choices=("Business User", "Decision Maker", "Economic Buyer", "Executive Sponsor")),
    *_of("date", "StartDate", "EndDate"),
)  # fmt: skip

_USER = (
    *(each for each in _SYSTEM if each.name != "IsDeleted"),
    _text("Username", 80, required=True),
    _text("FirstName", 40),
    _text("LastName", 80, required=True),
    _read_only("Name", "string", 121),
    Field("Email", "email", length=128, required=True),
    *_of("string", "Title", length=80),
    *_of("string", "Department", length=80),
    _flag("IsActive", default=True),
    _text("TimeZoneSidKey", 40, default="America/New_York"),
    _link("ManagerId", "User"),
    _text("FederationIdentifier", 512),
)

_TASK = (
    *_SYSTEM,
    _link("WhoId", "Contact", children="Tasks"),
    _link("WhatId", "Account", "Opportunity", children="Tasks"),
    _text("Subject"),
    Field("ActivityDate", "date"),
    _choice("Status", ("Not Started", "In Progress", "Completed", "Waiting on someone else",
                       "Deferred"), default="Not Started"),
    _choice("Priority", ("High", "Normal", "Low"), default="Normal"),
    _read_only("IsClosed", "boolean"),
    _read_only("IsArchived", "boolean"),
    _read_only("AccountId", "reference", refers_to=("Account",), relation="Account"),
    _area("Description"),
    _choice("TaskSubtype", ("Task", "Email", "Call"), default="Task"),
    _OWNER,
    _TENURE_ID,
)  # fmt: skip

_NOTE = (
    *_SYSTEM,
    _text("Title", required=True),
    Field("Content", "base64"),
    _read_only("FileType", "string", 20, default="SNOTE"),
    _OWNER,
)

_DOCUMENT_LINK = (
    *(each for each in _SYSTEM if not each.name.startswith(("Created", "LastModified"))),
    _link("ContentDocumentId", "ContentDocument", required=True, updateable=False,
          children="ContentDocumentLinks"),
    _link("LinkedEntityId", "Account", "Contact", "Opportunity", "User", required=True,
          updateable=False, children="ContentDocumentLinks"),
    _choice("ShareType", ("V", "C", "I"), restricted=True, default="V"),
    _choice("Visibility", ("AllUsers", "InternalUsers", "SharedUsers"), restricted=True,
            default="AllUsers"),
)  # fmt: skip

_ORGANIZATION = (
    *(each for each in _SYSTEM if each.name != "IsDeleted"),
    _text("Name"),
    _text("OrganizationType", 40),
    _text("InstanceName", 5),
    _flag("IsSandbox"),
    _text("TimeZoneSidKey", 40),
)

OBJECTS = {
    each.name: each
    for each in (
        SObject("Account", "Accounts", _ACCOUNT, mergeable=True),
        SObject("Contact", "Contacts", _CONTACT, mergeable=True),
        SObject("Opportunity", "Opportunities", _OPPORTUNITY),
        SObject("OpportunityContactRole", "Opportunity Contact Roles", _ROLE),
        SObject("AccountContactRelation", "Account Contact Relationships", _RELATION),
        SObject("User", "Users", _USER, deletable=False),
        SObject("Task", "Tasks", _TASK),
        SObject("ContentNote", "Content Notes", _NOTE),
        SObject("ContentDocumentLink", "Content Document Links", _DOCUMENT_LINK),
        SObject("Organization", "Organizations", _ORGANIZATION, deletable=False,
                api_writable=False),
    )
}  # fmt: skip
BY_LOWER_NAME = {name.lower(): sobject for name, sobject in OBJECTS.items()}
# A note is a document of its own kind: one row, one id, two names.
BY_LOWER_NAME["contentdocument"] = OBJECTS["ContentNote"]
BY_PREFIX = {PREFIXES[name]: sobject for name, sobject in OBJECTS.items()}

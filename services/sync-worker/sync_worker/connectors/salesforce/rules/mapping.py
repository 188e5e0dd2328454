"""The field mapping as data: which of their fields becomes which of ours. One ships."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.schemas import In, OneLine
from shared.values.plain import joined_lines
from sync_worker.connectors.salesforce.rules.values import (
    Locale,
    Unmappable,
    ValueType,
    converted,
    shown,
)

RecordType = Literal["member", "account", "contact", "opportunity"]
SourceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,79}$")]
TargetName = Annotated[
    str,
    StringConstraints(pattern=r"^([a-z][a-z0-9_]{0,62}|(traits|key_roles)\.[a-z][a-z0-9_]{0,62})$"),
]

ORDER: Final = ("User", "Account", "Contact", "Opportunity")
"""Who is pointed to comes before who points."""

OWN_FIELDS: Final[Mapping[RecordType, Mapping[str, ValueType]]] = {
    "member": {
        "full_name": "text",
        "email": "email",
        "time_zone": "time_zone",
        "active": "boolean",
    },
    "account": {
        "name": "text",
        "domain": "domain",
        "arr": "money",
        "currency": "text",
        "time_zone": "time_zone",
        "country": "text",
    },
    "contact": {
        "name": "text",
        "first_name": "text",
        "last_name": "text",
        "email": "email",
        "phone": "text",
        "title": "text",
        "time_zone": "time_zone",
    },
    "opportunity": {
        "name": "text",
        "type": "choice",
        "stage": "text",
        "is_closed": "boolean",
        "is_won": "boolean",
        "close_date": "date",
        "contract_start": "date",
        "contract_expiration": "date",
        "arr": "money",
        "currency": "text",
        "deal_room_url": "url",
    },
}
"""What our own fields hold. Those that Tenure sets itself are no targets."""
_SET_HERE: Final[Mapping[str, str]] = {
    "manually_enter_renewal_sequence": "It is reset here once it was used, so a field there that"
    " keeps its value would let the record enter again: let a flow there set it by the API.",
    "renewal_sequence_status": "It is set here: write it back by `write_back`.",
    "renewal_sequence_status_at": "It is set here: write it back by `write_back`.",
}
_NAMES: Final = frozenset({"name", "full_name"})
_LONGEST_NAME: Final = 255
_REQUIRED: Final[Mapping[RecordType, tuple[str, ...]]] = {
    "member": ("full_name", "email"),
    "account": ("name",),
    "contact": ("name",),
    "opportunity": ("name", "type"),
}


class FieldMap(In):
    """One field of theirs to one field of ours."""

    model_config = ConfigDict(frozen=True)

    source: SourceName = Field(description="Name in Salesforce, such as `Product_Admin__c`.")
    target: TargetName = Field(
        description="A field of ours, `traits.<key>`, or for accounts `key_roles.<key>`."
    )
    type: ValueType = "text"
    choices: dict[str, str] | None = Field(
        default=None, max_length=500, description="Their value to ours."
    )
    otherwise: Annotated[str, OneLine] | None = Field(
        default=None, max_length=255, description="For a value that `choices` does not name."
    )
    local_edits: Literal["refuse", "allow"] | None = Field(
        default=None,
        description="Whether people may change the field here, until the next change there."
        " Left out: only key roles, which are handed over here.",
    )

    @property
    def is_owned(self) -> bool:
        if self.local_edits is None:
            return not self.target.startswith("key_roles.")
        return self.local_edits == "refuse"


class ObjectMap(In):
    """How the records of one object become ours. The first field that names a target and has a
    value wins, so that a fallback can follow.
    """

    model_config = ConfigDict(frozen=True)

    object: SourceName
    record_type: RecordType
    fields: Annotated[tuple[FieldMap, ...], Field(max_length=300)]


class WriteBackMap(In):
    """One field of ours that is written to theirs whenever it changes here."""

    model_config = ConfigDict(frozen=True)

    object: Literal["Opportunity"]
    field: Literal["renewal_sequence_status", "renewal_sequence_status_at"]
    target: SourceName = Field(description="Name in Salesforce.")


class ObjectMapping(In):
    model_config = ConfigDict(frozen=True)

    objects: Annotated[tuple[ObjectMap, ...], Field(min_length=1, max_length=4)]
    plan_roles: dict[str, str] = Field(
        default_factory=dict,
        max_length=100,
        description="Role names there to account plan roles here; others keep their name.",
    )

    write_back: Annotated[tuple[WriteBackMap, ...], Field(max_length=20)] = ()

    def of(self, name: str) -> ObjectMap | None:
        return next((each for each in self.objects if each.object == name), None)


def _field(source: str, target: str, kind: ValueType = "text", **more: Any) -> FieldMap:
    return FieldMap(source=source, target=target, type=kind, **more)


OPPORTUNITY_TYPES: Final = {
    "Renewal": "renewal",
    "Expansion": "expansion",
    "New Business": "new_business",
    "Product Swap": "product_swap",
}

SHIPPED: Final = ObjectMapping(
    objects=(
        ObjectMap(
            object="User",
            record_type="member",
            fields=(
                _field("Name", "full_name"),
                _field("Email", "email", "email"),
                _field("TimeZoneSidKey", "time_zone", "time_zone"),
                _field("IsActive", "active", "boolean"),
            ),
        ),
        ObjectMap(
            object="Account",
            record_type="account",
            fields=(
                _field("Name", "name"),
                _field("Website", "domain", "domain"),
                _field("ARR__c", "arr", "money"),
                _field("BillingCountry", "country"),
                _field("Time_Zone__c", "time_zone", "time_zone"),
                _field("Type", "traits.customer_type"),
                _field("Industry", "traits.industry"),
                _field("NumberOfEmployees", "traits.employees", "number"),
                _field("CS_Tier__c", "traits.cs_tier"),
                _field("Trial_End__c", "traits.trial_end", "date"),
                _field("Churn_Date__c", "traits.churn_date", "date"),
                _field("OwnerId", "key_roles.csm", "member"),
            ),
        ),
        ObjectMap(
            object="Contact",
            record_type="contact",
            fields=(
                _field("Name", "name"),
                _field("FirstName", "first_name"),
                _field("LastName", "last_name"),
                _field("Email", "email", "email"),
                _field("Phone", "phone"),
                _field("MobilePhone", "phone"),
                _field("Title", "title"),
                _field("Product_Admin__c", "traits.product_admin", "boolean"),
            ),
        ),
        ObjectMap(
            object="Opportunity",
            record_type="opportunity",
            fields=(
                _field("Name", "name"),
                _field("Type", "type", "choice", choices=OPPORTUNITY_TYPES, otherwise="expansion"),
                _field("StageName", "stage"),
                _field("IsClosed", "is_closed", "boolean"),
                _field("IsWon", "is_won", "boolean"),
                _field("CloseDate", "close_date", "date"),
                _field("Contract_Start__c", "contract_start", "date"),
                _field("Contract_Expiration__c", "contract_expiration", "date"),
                _field("ARR__c", "arr", "money"),
                _field("Deal_Room_URL__c", "deal_room_url", "url"),
                _field("OwnerId", "traits.owner", "member"),
            ),
        ),
    ),
    write_back=(
        WriteBackMap(
            object="Opportunity",
            field="renewal_sequence_status",
            target="Renewal_Sequence_Status__c",
        ),
        WriteBackMap(
            object="Opportunity",
            field="renewal_sequence_status_at",
            target="Renewal_Sequence_Status_At__c",
        ),
    ),
)

SYSTEM_FIELDS: Final = ("Id", "SystemModstamp", "IsDeleted")
LINKS: Final[Mapping[str, str]] = {"Contact": "AccountId", "Opportunity": "AccountId"}
"""The field that names the record's account; it is read whatever the mapping says."""
_EXTRAS: Final = ("MasterRecordId", "CurrencyIsoCode")


def fields_to_read(mapping: ObjectMap, visible: Iterable[str]) -> list[str]:
    """What a query names: only what our user may see, else the whole query would be refused."""
    seen = set(visible)
    wanted = [
        *SYSTEM_FIELDS,
        *_EXTRAS,
        *([LINKS[mapping.object]] if mapping.object in LINKS else []),
        *(each.source for each in mapping.fields),
    ]
    return [name for name in dict.fromkeys(wanted) if name in seen]


def hidden_fields(mapping: ObjectMap, visible: Iterable[str]) -> list[str]:
    """Mapped fields that are gone, or that field-level security hides: the two look the same."""
    seen = set(visible)
    return sorted({each.source for each in mapping.fields} - seen)


Content = dict[str, Any]
"""A record in our words: its fields by target name. A reference to a user is `{"member": id}` until
it is known which member that is; `account` is the id of the account there.
"""


class LeftOut(BaseModel):
    """A value that does not fit. Its record is taken over without it."""

    model_config = ConfigDict(frozen=True)

    field: str = Field(description="Of the other system.")
    target: str
    value: str = Field(description="As it is there; a long one only begins.")
    reason: str


@dataclass(frozen=True, slots=True)
class Mapped:
    content: Content
    left_out: tuple[LeftOut, ...] = ()


def mapped(mapping: ObjectMap, row: Mapping[str, Any], locale: Locale) -> Mapped:
    """Raises `Unmappable`, with a reason that a person can act on, for a row that lacks what every
    record needs. Any other value that does not fit is left out and told.

    A field that `row` does not have was not readable and stays as it is on our side.
    """
    if row.get("CurrencyIsoCode"):
        locale = replace(locale, currency=str(row["CurrencyIsoCode"]))
    fields: Content = {}
    left_out: list[LeftOut] = []
    for each in mapping.fields:
        if each.source not in row or fields.get(each.target) is not None:
            continue
        try:
            fields[each.target] = _value(each, row[each.source], locale)
        except Unmappable as error:
            left_out.append(left_out_of(each, row[each.source], str(error)))
            if each.otherwise is not None:
                fields[each.target] = each.otherwise
    _fit_names(mapping, fields, left_out)
    if "arr" in fields:
        fields["currency"] = locale.currency
    elif any(each.target == "arr" for each in left_out):
        # An amount that stays must not come to be in another currency.
        fields.pop("currency", None)
    missing = [name for name in _REQUIRED[mapping.record_type] if not fields.get(name)]
    if missing:
        told = {each.target: each.reason for each in left_out}
        why = " ".join(told[name] for name in missing if name in told)
        raise Unmappable(f"It has no {' and no '.join(missing)}. {why}".strip())
    link = LINKS.get(mapping.object)
    if link is not None and link in row:
        fields["account"] = row[link]
    return Mapped(fields, tuple(left_out))


def left_out_of(field: FieldMap, value: Any, reason: str) -> LeftOut:
    return LeftOut(field=field.source, target=field.target, value=shown(value), reason=reason)


def _value(field: FieldMap, value: Any, locale: Locale) -> Any:
    made = converted(value, field.type, locale, choices=field.choices, otherwise=field.otherwise)
    if isinstance(field, FittedField) and made is not None:
        field.check_currency(locale.currency)
        made = joined_lines(made) if isinstance(made, str) and not field.has_lines else made
    return {"member": made} if field.type == "member" and made is not None else made


def _fit_names(mapping: ObjectMap, fields: Content, left_out: list[LeftOut]) -> None:
    """What a record cannot be without is brought into form rather than left out."""
    for each in mapping.fields:
        name = fields.get(each.target) if each.target in _NAMES else None
        if not isinstance(name, str):
            continue
        fitted = joined_lines(name)[:_LONGEST_NAME].rstrip()
        if fitted != name:
            fields[each.target] = fitted
            reason = f"It was brought to one line of at most {_LONGEST_NAME} characters."
            left_out.append(left_out_of(each, name, reason))


class FittedField(FieldMap):
    """A field whose `type` suits what it is written to."""

    currency: Annotated[str, OneLine] | None = None
    """What an amount of the target is in; None where each record says it."""
    has_lines: bool = True
    """The target takes a text of several lines."""

    def check_currency(self, given: str) -> None:
        """Raises `Unmappable`."""
        if self.type == "money" and self.currency not in {None, given}:
            raise Unmappable(f"It is in {given}, and {self.target} is in {self.currency}.")


def owned_fields(mapping: ObjectMapping) -> dict[str, list[str]]:
    """What only the connection writes, by type of record. Members are not records."""
    return {
        each.record_type: sorted(_owned_of(each))
        for each in mapping.objects
        if each.record_type != "member"
    }


def _owned_of(mapping: ObjectMap) -> set[str]:
    owned = {field.target for field in mapping.fields if field.is_owned}
    if "arr" in owned:
        owned.add("currency")
    if mapping.object in LINKS:
        owned.add("accounts" if mapping.record_type == "contact" else "account_id")
    return owned


def plan_roles(mapping: ObjectMapping, names: Sequence[str]) -> list[str]:
    return sorted({mapping.plan_roles.get(name, name) for name in names if name})


def structural_faults(mapping: ObjectMapping) -> list[tuple[str, str, str]]:
    """What is wrong with a mapping whatever the org looks like: (pointer, code, message)."""
    faults: list[tuple[str, str, str]] = []
    record_types = {"User": "member", **{name: name.lower() for name in ORDER[1:]}}
    for at, each in enumerate(mapping.objects):
        where = f"/objects/{at}"
        if record_types.get(each.object) != each.record_type:
            pairs = ", ".join(f"{name} → {kind}" for name, kind in record_types.items())
            faults.append((f"{where}/object", "unknown_object", f"One of: {pairs}."))
            continue
        if [other.object for other in mapping.objects].count(each.object) > 1:
            faults.append((f"{where}/object", "repeated", "Each object is mapped once."))
        targets = {field.target for field in each.fields}
        faults.extend(
            (f"{where}/fields", "required", f"Nothing is mapped to {name!r}.")
            for name in _REQUIRED[each.record_type]
            if name not in targets
        )
        for index, field in enumerate(each.fields):
            fault = _target_fault(each.record_type, field.target)
            if fault is not None:
                faults.append((f"{where}/fields/{index}/target", "unknown_target", fault))
    return faults


def _target_fault(record_type: RecordType, target: str) -> str | None:
    group, dot, _ = target.partition(".")
    if not dot:
        known = OWN_FIELDS[record_type]
        if target in known:
            return None
        told = _SET_HERE.get(target) if record_type == "opportunity" else None
        return told or f"A {record_type} has: {', '.join(sorted(known))}."
    if group == "key_roles" and record_type != "account":
        return "Only an account has key roles."
    if group == "traits" and record_type == "member":
        return "A member has no traits."
    return None


def key_role_faults(
    mapping: ObjectMapping, key_roles: Container[str]
) -> list[tuple[str, str, str]]:
    """Key roles that the mapping names and that there are not."""
    return [
        (
            f"/objects/{at}/fields/{index}/target",
            "unknown_key_role",
            f"There is no key role {field.target.removeprefix('key_roles.')!r}.",
        )
        for at, each in enumerate(mapping.objects)
        for index, field in enumerate(each.fields)
        if field.target.startswith("key_roles.")
        and field.target.removeprefix("key_roles.") not in key_roles
    ]


def visibility_faults(
    mapping: ObjectMapping, described: Mapping[str, Iterable[str]]
) -> list[tuple[str, str, str]]:
    """Fields that the mapping names and `describe` does not."""
    faults: list[tuple[str, str, str]] = []
    for at, each in enumerate(mapping.objects):
        if each.object not in described:
            continue
        seen = set(described[each.object])
        faults.extend(
            (
                f"/objects/{at}/fields/{index}/source",
                "unknown_field",
                f"{each.object} has no field {field.source!r} that the connected user may see.",
            )
            for index, field in enumerate(each.fields)
            if field.source not in seen
        )
    for at, back in enumerate(mapping.write_back):
        if back.target not in set(described.get(back.object, ())):
            message = f"{back.object} has no field {back.target!r} that we may see."
            faults.append((f"/write_back/{at}/target", "unknown_field", message))
    return faults

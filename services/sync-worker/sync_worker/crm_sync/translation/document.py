"""The field mapping as data: which of their fields becomes which of ours."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints, ValidationError
from typing_extensions import TypeAliasType

from shared.errors import Conflict
from shared.schemas import In, OneLine
from sync_worker.connectors.base import Spec, StreamType
from sync_worker.crm_sync.translation.transforms import MappedValueType

MappedRecordType = TypeAliasType(
    "MappedRecordType",
    Annotated[
        Literal["member", "account", "contact", "opportunity"],
        Field(description="What records of an object become here."),
    ],
)
WrittenField = TypeAliasType(
    "WrittenField",
    Annotated[
        Literal["renewal_sequence_status", "renewal_sequence_status_at"],
        Field(
            description="A field of an opportunity that Tenure sets and can write to another"
            " system."
        ),
    ],
)
LocalEdits = TypeAliasType(
    "LocalEdits",
    Annotated[
        Literal["refuse", "allow"],
        Field(description="Whether people may change a field here that comes from another system."),
    ],
)
SourceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,79}$")]
TargetName = Annotated[
    str,
    StringConstraints(pattern=r"^([a-z][a-z0-9_]{0,62}|(traits|key_roles)\.[a-z][a-z0-9_]{0,62})$"),
]

RECORD_TYPES: Final[tuple[MappedRecordType, ...]] = ("member", "account", "contact", "opportunity")
"""Who is pointed to comes before who points."""

OWN_FIELDS: Final[Mapping[MappedRecordType, Mapping[str, MappedValueType]]] = {
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
REQUIRED: Final[Mapping[MappedRecordType, tuple[str, ...]]] = {
    "member": ("full_name", "email"),
    "account": ("name",),
    "contact": ("name",),
    "opportunity": ("name", "type"),
}


class FieldMap(In):
    """One field of theirs to one field of ours."""

    model_config = ConfigDict(frozen=True)

    source: SourceName = Field(description="Name there, such as `Product_Admin__c` in Salesforce.")
    target: TargetName = Field(
        description="A field of ours, `traits.<key>`, or for accounts `key_roles.<key>`."
    )
    type: MappedValueType = "text"
    choices: dict[str, str] | None = Field(
        default=None, max_length=500, description="Their value to ours."
    )
    otherwise: Annotated[str, OneLine] | None = Field(
        default=None, max_length=255, description="For a value that `choices` does not name."
    )
    local_edits: LocalEdits | None = Field(
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

    object: Annotated[
        SourceName, Field(description="The object of the other system, such as `Contact`.")
    ]
    record_type: MappedRecordType
    fields: Annotated[
        tuple[FieldMap, ...],
        Field(max_length=300, description="Which of its fields become which of ours."),
    ]


class WriteBackMap(In):
    """One field of ours that is written to theirs whenever it changes here."""

    model_config = ConfigDict(frozen=True)

    object: Annotated[SourceName, Field(description="The object of the other system.")]
    field: WrittenField
    target: SourceName = Field(description="The field of the other system that it is written to.")


class ObjectMapping(In):
    model_config = ConfigDict(frozen=True)

    objects: Annotated[
        tuple[ObjectMap, ...],
        Field(
            min_length=1,
            max_length=4,
            description="Which of their objects are read, and how.",
        ),
    ]
    plan_roles: dict[str, str] = Field(
        default_factory=dict,
        max_length=100,
        description="Role names there to account plan roles here; others keep their name.",
    )

    write_back: Annotated[
        tuple[WriteBackMap, ...],
        Field(max_length=20, description="Which of our fields are written to theirs."),
    ] = ()

    def of(self, name: str) -> ObjectMap | None:
        return next((each for each in self.objects if each.object == name), None)

    def in_order(self) -> list[ObjectMap]:
        """Who is pointed to before who points."""
        return sorted(self.objects, key=lambda each: RECORD_TYPES.index(each.record_type))


class MappingUnreadable(Conflict):
    code = "mapping_unreadable"
    title = "The stored mapping cannot be read any more"


def mapping_of(spec: Spec, stored: Mapping[str, Any] | None) -> ObjectMapping:
    """What is stored with a connection, or what ships with its system."""
    try:
        return ObjectMapping.model_validate(spec.preset if stored is None else stored)
    except ValidationError as error:
        raise MappingUnreadable(
            "The stored mapping cannot be read any more; put it anew."
        ) from error


def readable_mapping(spec: Spec, stored: Mapping[str, Any] | None) -> ObjectMapping | None:
    """For those who look at all connections: one that cannot be read costs no other."""
    try:
        return mapping_of(spec, stored)
    except MappingUnreadable:
        return None


def becomes(spec: Spec) -> dict[str, MappedRecordType]:
    """The streams of a system that become records, and which."""
    return {each.object: each.record_type for each in mapping_of(spec, None).in_order()}


def stream_of_members(spec: Spec) -> str | None:
    return next((name for name, kind in becomes(spec).items() if kind == "member"), None)


def streams_to_read(spec: Spec, mapping: ObjectMapping) -> list[StreamType]:
    """In the order that who is pointed to comes before who points. Associations become part of what
    they join, and are read before it.
    """
    found: list[StreamType] = []
    for each in mapping.in_order():
        kind = spec.stream(each.object)
        if kind is not None:
            found += [other for other in spec.streams if other.joins == kind.name]
            found.append(kind)
    return found


def hidden_fields(mapping: ObjectMap, visible: Iterable[str]) -> list[str]:
    """Mapped fields that are gone, or that field-level security hides: the two look the same."""
    seen = set(visible)
    return sorted({each.source for each in mapping.fields} - seen)


def owned_fields(spec: Spec, mapping: ObjectMapping) -> dict[str, list[str]]:
    """What only the connection writes, by type of record. Members are not records."""
    return {
        each.record_type: sorted(_owned_of(spec, each))
        for each in mapping.objects
        if each.record_type != "member"
    }


def _owned_of(spec: Spec, mapping: ObjectMap) -> set[str]:
    owned = {field.target for field in mapping.fields if field.is_owned}
    if "arr" in owned:
        owned.add("currency")
    kind = spec.stream(mapping.object)
    if kind is not None and kind.parent is not None:
        owned.add("accounts" if mapping.record_type == "contact" else "account_id")
    return owned


def plan_roles(mapping: ObjectMapping, names: Sequence[str]) -> list[str]:
    return sorted({mapping.plan_roles.get(name, name) for name in names if name})

"""What an object and a field are, and how `describe` tells of them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.simulators.salesforce.ids import PREFIXES
from tests.simulators.salesforce.values import Value

_SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "base64": "xsd:base64Binary",
}
NUMBERS = {"double", "currency", "percent"}
IDS = {"id", "reference"}
CASE_BLIND = {"string", "textarea", "picklist", "multipicklist", "email", "phone", "url"}


@dataclass(frozen=True)
class Field:
    name: str
    type: str
    label: str = ""
    length: int = 0
    required: bool = False
    createable: bool = True
    updateable: bool = True
    refers_to: tuple[str, ...] = ()
    relation: str | None = None
    """The name by which a query walks to the record referred to: `Owner` of `OwnerId`."""
    children: str | None = None
    """The name by which the record referred to sees these: `Contacts` of `Contact.AccountId`."""
    choices: tuple[str, ...] = ()
    restricted: bool = False
    external_id: bool = False
    unique: bool = False
    default: Value = None
    formula: str | None = None
    """A path whose value is read anew at each look, and whose change stamps nothing."""

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def system(self) -> bool:
        return not (self.createable or self.updateable)

    def describe(self) -> dict[str, Any]:
        number = self.type in NUMBERS
        return {
            "name": self.name,
            "label": self.label or self.name.removesuffix("__c").replace("_", " "),
            "type": self.type,
            "soapType": _SOAP_TYPES.get(self.type, "xsd:string"),
            "length": 18 if self.type in IDS else self.length,
            "precision": 18 if number else 0,
            "scale": 2 if number else 0,
            "nillable": not self.required and self.type not in {"id", "boolean"},
            "createable": self.createable,
            "updateable": self.updateable,
            "calculated": self.formula is not None,
            "custom": self.custom,
            "externalId": self.external_id,
            "unique": self.unique,
            "idLookup": self.external_id or self.type == "id" or self.name == "Email",
            "referenceTo": list(self.refers_to),
            "relationshipName": self.relation,
            "picklistValues": [
                {
                    "active": True,
                    "defaultValue": choice == self.default,
                    "label": choice,
                    "validFor": None,
                    "value": choice,
                }
                for choice in self.choices
            ],
            "restrictedPicklist": self.restricted,
            "controllerName": None,
            "dependentPicklist": False,
            "defaultedOnCreate": self.type == "boolean" or self.default is not None,
            "encrypted": False,
            "compoundFieldName": None,
            "filterable": self.type not in {"textarea", "base64"},
            "sortable": self.type not in {"textarea", "base64", "multipicklist"},
            "deprecatedAndHidden": False,
        }


@dataclass(frozen=True)
class SObject:
    name: str
    plural: str
    fields: tuple[Field, ...]
    mergeable: bool = False
    deletable: bool = True
    api_writable: bool = True

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Names are case-blind for clients, so keys are lower case."""
        return {each.name.lower(): each for each in self.fields}

    @cached_property
    def by_relation(self) -> dict[str, Field]:
        return {each.relation.lower(): each for each in self.fields if each.relation}

    @cached_property
    def required(self) -> tuple[Field, ...]:
        return tuple(each for each in self.fields if each.required and each.createable)

    @cached_property
    def formulas(self) -> tuple[Field, ...]:
        return tuple(each for each in self.fields if each.formula)

    def summary(self, base: str) -> dict[str, Any]:
        url = f"{base}/sobjects/{self.name}"
        return {
            "name": self.name,
            "label": self.name,
            "labelPlural": self.plural,
            "keyPrefix": PREFIXES[self.name],
            "custom": self.name.endswith("__c"),
            "customSetting": False,
            "createable": self.api_writable,
            "updateable": self.api_writable,
            "deletable": self.deletable,
            "undeletable": self.deletable,
            "mergeable": self.mergeable,
            "queryable": True,
            "replicateable": True,
            "retrieveable": True,
            "searchable": True,
            "triggerable": True,
            "layoutable": True,
            "feedEnabled": False,
            "deprecatedAndHidden": False,
            "urls": {
                "sobject": url,
                "describe": f"{url}/describe",
                "rowTemplate": f"{url}/{{ID}}",
            },
        }

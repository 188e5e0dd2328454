"""The people of the sandbox company, so that others can make members of the same."""

from dataclasses import dataclass

from tests.simulators.salesforce import ids


@dataclass(frozen=True)
class Person:
    number: int
    first_name: str
    last_name: str
    title: str
    time_zone: str
    is_active: bool = True

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def email(self) -> str:
        return f"{self.first_name}.{self.last_name}@northwind-cs.example".lower()

    @property
    def user_id(self) -> str:
        return ids.mint("User", self.number)


SCALED, MANAGED = "Scaled CSM", "Managed CSM"

PEOPLE = (
    Person(1, "Ana", "Silva", SCALED, "Europe/Lisbon"),
    Person(2, "Ben", "Okafor", SCALED, "Europe/London"),
    Person(3, "Chloe", "Martin", SCALED, "Europe/Paris"),
    Person(4, "Diego", "Fuentes", SCALED, "America/Mexico_City"),
    Person(5, "Emma", "Lindqvist", SCALED, "Europe/Stockholm"),
    Person(6, "Farid", "Haddad", MANAGED, "America/New_York"),
    Person(7, "Grace", "Nakamura", MANAGED, "America/Los_Angeles"),
    Person(8, "Hugo", "Brandt", MANAGED, "Europe/Berlin"),
    Person(9, "Isla", "McLeod", MANAGED, "Australia/Sydney"),
    Person(10, "Jonas", "Vermeer", "CSM Manager", "Europe/Amsterdam"),
    Person(11, "Keiko", "Tanaka", "Renewal Manager", "America/Chicago"),
    Person(12, "Liam", "Byrne", "Revenue Operations", "Europe/Dublin"),
)
SCALED_CSMS = tuple(person for person in PEOPLE if person.title == SCALED)
MANAGED_CSMS = tuple(person for person in PEOPLE if person.title == MANAGED)
FORMER_CSM = Person(13, "Mira", "Kovacs", SCALED, "Europe/Budapest", is_active=False)
"""Left the company, and still owns accounts."""
INTEGRATION = Person(14, "Integration", "User", "Integration", "UTC")
"""Whom the connected app acts as."""
EVERYBODY = (*PEOPLE, FORMER_CSM, INTEGRATION)

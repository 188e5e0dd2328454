"""Words of which the sandbox makes companies and people."""

from typing import NamedTuple


class Place(NamedTuple):
    city: str
    country: str
    time_zone: str


PLACES = (
    Place("New York", "United States", "America/New_York"),
    Place("Boston", "United States", "America/New_York"),
    Place("Austin", "United States", "America/Chicago"),
    Place("Denver", "United States", "America/Denver"),
    Place("Seattle", "United States", "America/Los_Angeles"),
    Place("Honolulu", "United States", "Pacific/Honolulu"),
    Place("Toronto", "Canada", "America/Toronto"),
    Place("São Paulo", "Brazil", "America/Sao_Paulo"),
    Place("London", "United Kingdom", "Europe/London"),
    Place("Dublin", "Ireland", "Europe/Dublin"),
    Place("Lisbon", "Portugal", "Europe/Lisbon"),
    Place("Berlin", "Germany", "Europe/Berlin"),
    Place("Zürich", "Switzerland", "Europe/Zurich"),
    Place("Stockholm", "Sweden", "Europe/Stockholm"),
    Place("Warsaw", "Poland", "Europe/Warsaw"),
    Place("Athens", "Greece", "Europe/Athens"),
    Place("Cape Town", "South Africa", "Africa/Johannesburg"),
    Place("Bengaluru", "India", "Asia/Kolkata"),
    Place("Singapore", "Singapore", "Asia/Singapore"),
    Place("Tokyo", "Japan", "Asia/Tokyo"),
    Place("Sydney", "Australia", "Australia/Sydney"),
    Place("Auckland", "New Zealand", "Pacific/Auckland"),
)

COMPANY_FIRST = (
    "Alder", "Amber", "Arbor", "Atlas", "Basalt", "Beacon", "Birch", "Blue Fjord", "Bright",
    "Cedar", "Cobalt", "Compass", "Coral", "Crescent", "Delta", "Ember", "Evergreen", "Falcon",
    "Fern", "Foxglove", "Granite", "Grove", "Hazel", "Heron", "Indigo", "Iris", "Ivory", "Jade",
    "Kestrel", "Lark", "Lumen", "Maple", "Marble", "Mistral", "Nimbus", "Nova", "Oak", "Onyx",
    "Opal", "Orchard", "Pebble", "Pine", "Quartz", "Raven", "Ridge", "River", "Saffron", "Sequoia",
    "Silver", "Slate", "Solstice", "Sparrow", "Summit", "Tern", "Thistle", "Tundra", "Umber",
    "Vesper", "Willow", "Zephyr",
)  # fmt: skip
COMPANY_SECOND = (
    "Analytics", "Bakeries", "Capital", "Care", "Clinics", "Coffee", "Cycles", "Dental", "Energy",
    "Foods", "Freight", "Games", "Goods", "Health", "Hotels", "Interiors", "Labs", "Learning",
    "Legal", "Logistics", "Media", "Mobility", "Motors", "Networks", "Outfitters", "Partners",
    "Pharma", "Press", "Robotics", "Schools", "Shipping", "Software", "Sports", "Studios",
    "Systems", "Textiles", "Travel", "Ventures", "Water", "Works",
)  # fmt: skip
COMPANY_LAST = ("", "", "", " Group", " Inc", " Ltd", " GmbH", " & Co")

FIRST_NAMES = (
    "Aaliyah", "Adam", "Aisha", "Alejandro", "Amélie", "Andrei", "Anita", "Arjun", "Astrid",
    "Bruno", "Camila", "Carlos", "Chen", "Clara", "Daniel", "Deniz", "Elena", "Elif", "Eva",
    "Fatima", "Felix", "Florence", "Gabriel", "Giulia", "Hana", "Hassan", "Helga", "Henry", "Ines",
    "Ivan", "Jamal", "Jane", "Joao", "José", "Julia", "Kofi", "Lars", "Laura", "Leila", "Linh",
    "Lucas", "Magda", "Marco", "Maria", "Mei", "Miguel", "Mohammed", "Nadia", "Ngozi", "Nils",
    "Olga", "Omar", "Oscar", "Paulo", "Pia", "Priya", "Rafael", "Rania", "Rosa", "Ruth", "Samuel",
    "Sanjay", "Sara", "Sofia", "Søren", "Stefan", "Tariq", "Thomas", "Uma", "Vera", "Victor",
    "Wei", "Yara", "Yusuf", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Abbott", "Adeyemi", "Andersen", "Bauer", "Becker", "Bianchi", "Castro", "Chowdhury", "Costa",
    "D'Angelo", "Dubois", "Eriksen", "Evans", "Fernandes", "Fischer", "Fraser", "Garcia",
    "González", "Gupta", "Hansen", "Hughes", "Ibrahim", "Ito", "Jansen", "Johnson", "Kaya", "Khan",
    "Kim", "Kowalski", "Laurent", "Lee", "Lopez", "Mahmoud", "Mbeki", "Mendes", "Meyer", "Moreau",
    "Müller", "Murphy", "Nguyen", "Nielsen", "Novak", "O'Brien", "Okonkwo", "Osei", "Papadopoulos",
    "Patel", "Pereira", "Petrov", "Popescu", "Quinn", "Rahman", "Ramos", "Reid", "Rossi",
    "Sanders", "Sato", "Schmidt", "Sharma", "Singh", "Smith", "Sørensen", "Tan", "Taylor",
    "Thompson", "Torres", "van Dijk", "Varga", "Wagner", "Walker", "Wang", "Weber", "Williams",
    "Wójcik", "Yamamoto", "Yilmaz", "Young", "Zhang", "Zimmermann",
)  # fmt: skip
TITLES = (
    "Chief Executive Officer", "Chief Financial Officer", "Customer Support Lead", "Head of People",
    "Head of Talent", "HR Business Partner", "IT Manager", "Office Manager", "Operations Manager",
    "People Operations Specialist", "Procurement Manager", "Product Owner", "Recruiter",
    "Recruiting Coordinator", "Senior Recruiter", "Systems Administrator", "VP Operations",
)  # fmt: skip
CHURN_REASONS = ("Budget cut", "Went to a competitor", "Acquired", "Never adopted")

"""Record ids: 15 case-sensitive characters, and three more that survive a case-blind system."""

from tests.simulators.salesforce.errors import malformed_id

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_POD = "Hn0"

PREFIXES = {
    "Account": "001",
    "Contact": "003",
    "User": "005",
    "Opportunity": "006",
    "OpportunityContactRole": "00K",
    "Organization": "00D",
    "Task": "00T",
    "AccountContactRelation": "07k",
    "ContentNote": "069",
    "ContentDocumentLink": "06A",
    "QueryJob": "750",
}


def to_18(id_15: str) -> str:
    """Append the checksum of which letters are capital: one character for each five."""
    checks = ""
    for start in (0, 5, 10):
        chunk = id_15[start : start + 5]
        checks += _CHECK[sum(1 << bit for bit, letter in enumerate(chunk) if "A" <= letter <= "Z")]
    return id_15 + checks


def normalised(value: object) -> str:
    """The 18-character form of an id that a client gave in either form."""
    if isinstance(value, str) and value.isascii() and value.isalnum():
        if len(value) == 15:
            return to_18(value)
        if len(value) == 18 and to_18(value[:15]) == value:
            return value
    raise malformed_id(value)


def mint(sobject: str, number: int) -> str:
    """The `number`-th id of an object. Every 36th differs from another in case only."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return to_18(PREFIXES[sobject] + _POD + digits.rjust(9, "0"))

import holidays
import pytest

from shared.values.countries import UnknownCountry, country_code
from shared.values.currencies import currencies, known_currency

NAMES = {
    "US": ["United States", "us", "USA", "U.S.A.", "u.s.", "840", "United States of America",
           "The United States", "Estados Unidos", "アメリカ合衆国"],
    "GB": ["United Kingdom", "UK", "uk", "GBR", "Great Britain", "England"],
    "DE": ["Germany", "Deutschland", "DEU", " de ", "ALLEMAGNE", "Bundesrepublik Deutschland"],
    "NL": ["The Netherlands", "Holland", "Niederlande"],
    "KR": ["South Korea", "Korea, Republic of", "대한민국"],
    "CD": ["Congo, The Democratic Republic of the", "Congo - Kinshasa"],
    "CI": ["Côte d'Ivoire", "Cote d`Ivoire", "Ivory Coast"],
    "BA": ["Bosnia and Herzegovina", "Bosnia & Herzegovina"],
    "TR": ["Turkey", "Türkiye", "Türkei"],
    "CZ": ["Czech Republic", "Czechia", "Česko"],
    "LC": ["St. Lucia", "Saint Lucia"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "code"), [(name, code) for code, names in NAMES.items() for name in names]
)
def test_a_country_is_understood_however_it_is_written(name: str, code: str) -> None:
    assert country_code(name) == code
    assert country_code(code) == code


@pytest.mark.parametrize(
    ("name", "meant"),
    [("Germny", r"DE \(Germany\)"), ("Untied States", r"US \(United States\)"), ("Bananas", "DE.$"),
     ("EU", "DE.$"), ("", "DE.$"), ("Soviet Union", "DE.$"), ("x" * 255, "DE.$")],
)  # fmt: skip
def test_what_is_no_country_is_told_with_what_was_meant(name: str, meant: str) -> None:
    with pytest.raises(UnknownCountry, match=meant):
        country_code(name)


@pytest.mark.parametrize("code", ["US", "AQ", "XK", "TW", "AX", "GG"])
def test_a_known_country_has_public_holidays(code: str) -> None:
    assert country_code(code) == code
    assert code in holidays.list_supported_countries()


@pytest.mark.parametrize("code", ["DEM", "HRK", "XXX", "XTS", "ZZZ", "usd", "CNH", "SLL"])
def test_a_currency_that_is_no_more_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        known_currency(code)


def test_currencies_in_use_are_known() -> None:
    assert {"USD", "EUR", "JPY", "KWD", "CLF", "XOF", "ZWG", "SLE"} <= currencies()

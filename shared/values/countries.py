"""Countries by the code of ISO 3166-1 alpha-2, however they are written when they come in.

`country_code` understands codes of two, three letters and digits, and names in English and the
languages below, with or without accents, dots and capitals. Every country that it gives has public
holidays in the package `holidays`.
"""

import unicodedata
from difflib import get_close_matches
from functools import cache
from typing import Final

from babel.core import Locale, get_global
from holidays.registry import COUNTRIES

_LANGUAGES: Final = (
    "en de fr es it pt nl sv da nb fi is pl cs sk hu ro bg hr sr sl mk sq el tr ru uk be lt lv et"
    " ga ca eu gl ja ko zh zh_Hant ar fa he hi th vi id ms ka hy az kk af sw bn"
)
_ALSO_CALLED: Final = {
    "AE": ("UAE", "Emirates"),
    "BA": ("Bosnia",),
    "BN": ("Brunei Darussalam",),
    "BO": ("Plurinational State of Bolivia",),
    "BQ": ("Bonaire, Sint Eustatius and Saba",),
    "CD": ("Democratic Republic of the Congo", "DR Congo", "DRC"),
    "CG": ("Congo", "Republic of the Congo"),
    "CI": ("Ivory Coast",),
    "CN": ("People's Republic of China", "PRC", "Mainland China"),
    "CV": ("Cabo Verde",),
    "CZ": ("Czech Republic",),
    "DE": ("Federal Republic of Germany", "Bundesrepublik Deutschland", "BRD"),
    "FK": ("Falkland Islands (Malvinas)",),
    "FM": ("Federated States of Micronesia",),
    "GB": (
        "Great Britain",
        "Britain",
        "England",
        "Scotland",
        "Wales",
        "Northern Ireland",
        "United Kingdom of Great Britain and Northern Ireland",
    ),
    "HK": ("Hong Kong",),
    "IE": ("Republic of Ireland", "Eire"),
    "IR": ("Islamic Republic of Iran",),
    "KP": ("Democratic People's Republic of Korea",),
    "KR": ("Korea", "Republic of Korea"),
    "LA": ("Lao People's Democratic Republic", "Lao"),
    "MD": ("Republic of Moldova",),
    "MK": ("Macedonia", "former Yugoslav Republic of Macedonia"),
    "MM": ("Myanmar", "Burma"),
    "MO": ("Macao", "Macau"),
    "NL": ("Holland",),
    "PS": ("Palestine", "State of Palestine"),
    "RU": ("Russian Federation",),
    "SH": ("Saint Helena, Ascension and Tristan da Cunha",),
    "SY": ("Syrian Arab Republic",),
    "SZ": ("Swaziland",),
    "TL": ("East Timor",),
    "TR": ("Turkey",),
    "TW": ("Taiwan, Province of China", "Republic of China"),
    "TZ": ("United Republic of Tanzania",),
    "US": ("United States of America", "America"),
    "VA": ("Holy See", "Vatican", "Holy See (Vatican City State)"),
    "VE": ("Bolivarian Republic of Venezuela",),
    "VI": ("US Virgin Islands",),
    "VN": ("Viet Nam",),
}
"""Names beside those of the languages: long and former ones, and what people say."""
_LIKE: Final = 0.75


class UnknownCountry(ValueError):
    """A text that names no country; it says to a person what was probably meant."""


def country_code(given: str) -> str:
    """Raises `UnknownCountry`."""
    front, comma, behind = given.partition(",")
    spellings = [given, f"{behind} {front}"] if comma else [given]  # "Korea, Republic of"
    for key in map(_key, spellings):
        found = _codes().get(key) or _english().get(key) or _names().get(key)
        if found is not None:
            return found
    raise UnknownCountry(_advice(given))


def _key(name: str) -> str:
    said = unicodedata.normalize("NFKD", name.replace("&", " and ")).casefold()
    return "".join(filter(str.isalnum, said)).removeprefix("the")


@cache
def _codes() -> dict[str, str]:
    known = {codes[1] for codes in COUNTRIES.values()}
    others = {
        alias.lower(): codes[0]
        for alias, codes in get_global("territory_aliases").items()
        if len(codes) == 1 and codes[0] in known
    }
    return others | {code.lower(): code for code in known}


@cache
def _english() -> dict[str, str]:
    """Codes by the keys of English names and of those that people say."""
    found = {}
    for code, name in Locale.parse("en").territories.items():
        if code in _codes().values():
            found[_key(name)] = code
            found[_key(name.replace("St. ", "Saint "))] = code
    return found | {_key(name): code for code, names in _ALSO_CALLED.items() for name in names}


@cache
def _names() -> dict[str, str]:
    """In all languages, without what means one country here and another there. Takes a moment."""
    meant: dict[str, set[str]] = {}
    for language in _LANGUAGES.split():
        for code, name in Locale.parse(language).territories.items():
            if code in _codes().values():
                meant.setdefault(_key(name), set()).add(code)
    return {key: min(codes) for key, codes in meant.items() if len(codes) == 1} | _english()


def _advice(given: str) -> str:
    near = get_close_matches(_key(given)[:60], _english(), n=1, cutoff=_LIKE)
    code = _english()[near[0]] if near else None
    meant = f" Did you mean {code} ({Locale.parse('en').territories[code]})?" if code else ""
    return f"{given[:60]!r} is no known country. Use a code of ISO 3166 such as DE.{meant}"

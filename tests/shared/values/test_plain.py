import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.values.plain import addressable, named_zone, one_line, time_zones


@pytest.mark.parametrize("text", ["Ann\nBcc: b@c.example", "a\rb", "a\u2028b", "a\x85b", "a\x1bb"])
def test_a_line_has_no_breaks(text: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        one_line(text)


@given(st.text())
def test_what_is_one_line_is_composed_and_stays_as_it_is(text: str) -> None:
    try:
        line = one_line(text)
    except ValueError:
        return
    assert one_line(line) == line
    assert len(line.splitlines()) <= 1


@pytest.mark.parametrize(
    "external_id", ["..", ".", "a/..", "../a", "a/./b", r"a\..\b", "a\nb", "a\tb", "a\x7f"]
)
def test_an_external_id_that_no_path_can_hold_is_refused(external_id: str) -> None:
    with pytest.raises(ValueError, match="An external id"):
        addressable(external_id)


@pytest.mark.parametrize(
    "external_id", ["...", ".a", "a..b", "a/b", "100%", "a b", "%2e%2e", "é?#"]
)
def test_other_external_ids_are_taken_as_they_are(external_id: str) -> None:
    assert addressable(external_id) == external_id


@pytest.mark.parametrize(
    "name", ["localtime", "Factory", "posixrules", "posix/UTC", "europe/berlin"]
)
def test_a_zone_that_depends_on_the_machine_is_none(name: str) -> None:
    with pytest.raises(ValueError, match="IANA"):
        named_zone(name)


def test_the_usual_zones_are_known() -> None:
    assert {"UTC", "Europe/Berlin", "US/Pacific", "Etc/GMT+5"} <= time_zones()

"""What a template may say, what it may cost, and what a missing value does."""

import pytest

from sequencer.mail.templates.rules import CannotRender, faults_of, render, render_line
from sequencer.mail.templates.service import money, web_url

RECORD = {
    "contact": {"first_name": "Ann <b>", "traits": {"seats": 3}},
    "account": {"name": "Acme"},
    "opportunity": {"contract_expiration": "2026-05-31"},
}


def test_values_are_escaped_in_html_and_nowhere_else() -> None:
    assert render("Hi {{ contact.first_name }}", RECORD, html=True) == "Hi Ann &lt;b&gt;"
    assert render("Hi {{ contact.first_name }}", RECORD) == "Hi Ann <b>"


def test_dates_and_traits_can_be_written() -> None:
    text = "{{ opportunity.contract_expiration | date: '%B %-d' }}, {{ contact.traits.seats }}"
    assert render(text, RECORD) == "May 31, 3"


@pytest.mark.parametrize(
    "template",
    [
        "{{ contact.last_name }}",
        "{{ contact.last_name | upcase }}",
        "{{ contact.last_name | date: '%Y' }}",
        "{{ contact.last_name | plus: 1 }}",
        "{{ contact.traits.plan }}",
        "{% assign name = contact.last_name %}{{ name }}",
    ],
)
def test_a_missing_value_stops_the_mail(template: str) -> None:
    with pytest.raises(CannotRender):
        render(template, RECORD)


def test_a_template_can_say_what_to_write_instead() -> None:
    assert render("Hi {{ contact.last_name | default: 'there' }}", RECORD) == "Hi there"
    assert render("{% if contact.last_name %}a{% else %}b{% endif %}", RECORD) == "b"


def test_the_machine_clock_is_not_the_customers() -> None:
    with pytest.raises(CannotRender):
        render("{{ 'now' | date: '%Y' }}", RECORD)


def test_a_subject_is_one_line_whatever_the_values_hold() -> None:
    hostile = {"account": {"name": "Acme\r\nBcc: everyone@else.example"}}
    assert render_line("{{ account.name }}", hostile) == "Acme Bcc: everyone@else.example"


@pytest.mark.parametrize(
    ("template", "code", "line", "column"),
    [
        ("one\n{{ contact.", "template_syntax", 2, 1),
        ("{% if contact.name %}", "template_syntax", 1, 1),
        ("{{ contct.name }}", "unknown_variable", 1, 4),
        ("a\nb {{ contact.firstname }}", "unknown_variable", 2, 6),
        ("{{ contact }}", "unknown_variable", 1, 4),
        ("{{ contact[account.name] }}", "unknown_variable", 1, 4),
        ("{{ contact.__class__ }}", "unknown_variable", 1, 4),
        ("{{ contact.name | upcas }}", "unknown_filter", 1, 19),
        ("{{ contact.name | safe }}", "unknown_filter", 1, 19),
        ("{{ contact.name | replace: 'a', 'b' }}", "unknown_filter", 1, 19),
        ("{% include 'x' %}", "template_syntax", 1, 4),
        ("{% tablerow i in (1..9) %}{% endtablerow %}", "template_syntax", 1, 4),
    ],
)
def test_a_fault_is_known_before_there_is_a_record(
    template: str, code: str, line: int, column: int
) -> None:
    found = faults_of(template)[0]
    assert (found.code, found.line) == (code, line)
    if code != "template_syntax":
        assert found.column == column


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{{ contact.name", "`{{ }}`"),
        ("{% if %}x{% endif %}", "`{{ }}`"),
        ("{{ contact.name | }}", "`{{ }}`"),
        ("{{ contact.name || upcase }}", "`{{ }}`"),
        ("{% for x %}{% endfor %}", "`{{ }}`"),
        ("{% endif %}", "`endif` stands here"),
        ("{% else %}", "`else` stands here"),
        ("{% unles true %}", "Did you mean 'unless'?"),
        ("{% include 'x' %}", "no tag 'include'"),
        ("{% if true %}" * 100 + "{% endif %}" * 100, "shorter"),
        ("{% for i in (1..9999) %}x{% endfor %}", "shorter"),
        ("{{ 1 | divided_by: 0 }}", "The filter `divided_by`"),
        ("{{ 'x' | upcase: 3 }}", "The filter `upcase`"),
        ("{{ 'x' | slice: 'y' }}", "The filter `slice`"),
        ("{{ 'now' | date: '%Y' }}", "time of sending"),
        ("{{ contact.traits.x }}", "contact.traits.x has no value"),
    ],
)
def test_what_is_wrong_is_told_in_our_words(template: str, told: str) -> None:
    faults = [fault.message for fault in faults_of(template)]
    if not faults:
        with pytest.raises(CannotRender) as refused:
            render(template, RECORD)
        faults = [str(refused.value)]
    assert told in faults[0]


def test_a_misspelt_variable_comes_with_a_suggestion() -> None:
    [fault] = faults_of("{{ contact.firstname }}")
    assert "Did you mean 'contact.first_name'?" in fault.message


@pytest.mark.parametrize(
    "bomb",
    [
        "{% for i in (1..1000000000) %}x{% endfor %}",
        "{% for i in (1..999) %}{% for j in (1..999) %}x{% endfor %}{% endfor %}",
        "{% assign a = 'x' %}{% for i in (1..900) %}{% assign a = a | append: a %}{% endfor %}",
        "{% assign a = 9 %}{% for i in (1..900) %}{% assign a = a | times: a %}{% endfor %}",
        "{{ 'x' | append: 'y' }}" * 20_000 + "{% for i in (1..900) %}"
        "{{ 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz' }}" * 20 + "{% endfor %}",
        "{% if true %}" * 100 + "{% endif %}" * 100,
    ],
)
def test_a_template_that_does_too_much_is_stopped(bomb: str) -> None:
    with pytest.raises(CannotRender):
        render(bomb, RECORD)


def test_only_web_addresses_become_links() -> None:
    assert web_url(" https://rooms.example/a ") == "https://rooms.example/a"
    for hostile in ("javascript:alert(1)", "data:text/html,x", "//evil.example", "http://", None):
        assert web_url(hostile) is None


def test_money_is_written_in_the_units_of_its_currency() -> None:
    assert money(1_234_500, "USD") == "12,345.00"
    assert money(1_234_500, "JPY") == "1,234,500"
    assert money(1_234_500, "KWD") == "1,234.500"
    assert money(None, "USD") is None

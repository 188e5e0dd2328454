"""The rule language: typed conditions over a customer record, in JSON and in text.

One language serves list filters, segments, lifecycle rules, indicators, health and playbook
audiences. A rule is written as JSON or as text; either form turns into the other without loss.

    {"all": [{"field": "lifecycle_status", "op": "eq", "value": "subscribed"},
             {"related": "contacts", "quantifier": "any",
              "where": {"field": "traits.product_admin", "op": "eq", "value": true}}]}

    lifecycle_status = "subscribed" and any contacts (traits.product_admin = true)

Conditions
----------
=================================================  =============================================
JSON                                               text
=================================================  =============================================
{"all": [a, b]}   {"any": [a, b]}                  a and b     a or b
{"all": [a]}   {"any": []}                         all of (a)     any of ()
{"not": a}                                         not (a)
{"field": f, "op": "eq", "value": v}               f = v
{"related": r, "quantifier": "any", "where": a}    any r (a)     all r (a)     no r (a)
{"related": r, "count": {"op": "gte",              count(r where a) >= 2
  "value": 2}, "where": a}
{"segment": id, "op": "member"}                    in segment "id"     not in segment "id"
{"key_role": k, "op": "held_by", "member": id}     role k held by "id"
{"key_role": k, "op": "held"}                      role k held     role k not held
{"events": e, "within_days": 30,                   count(events "e" within 30 days) < 3
  "count": {"op": "lt", "value": 3}}
=================================================  =============================================

`where` may be left out. An empty `all` is true, an empty `any` is false.

A field is a name of the record type (`arr`), a trait (`traits.product_admin`), or either of them
behind relations (`account.organization.name`). A path over a relation reads as `any`, and a
negative operator over it as `none`: `contacts.email_status != "bounced"` holds when no contact has
bounced.

Operators by type
-----------------
=====================  ==================================================================
every type             is_empty, not_empty, changed_within {"days": 30}
text                   eq, neq, in, not_in, contains, not_contains, starts_with, ends_with
number, currency       eq, neq, in, not_in, lt, lte, gt, gte, between [low, high]
boolean                eq, neq
select, id             eq, neq, in, not_in
multi_select           has_any, has_all, has_none
date, datetime         eq or on, neq, lt or before, lte, gt or after, gte, between, past, future,
                       within_next {"days": 90}, within_last, in_period "this_fiscal_quarter",
                       anniversary_within {"days": 30}
=====================  ==================================================================

In text: `= != < <= > >=`, `in ("a", "b")`, `not in (…)`, `between a and b`, `contains "x"`,
`starts with "x"`, `is empty`, `is not empty`, `has any ("a")`, `within next 90 days`, `is past`,
`in this fiscal quarter`, `anniversary within 30 days`, `changed within 30 days`.

Meaning
-------
* A condition over a missing value is false, and its negative form is true. There is no third
  answer: `neq` is exactly `not eq`, `not_in` is `not in`, `is_empty` is `not not_empty`.
* `contains`, `starts_with`, `ends_with` ignore case and accents (`fold`). `eq` and `in` do not.
* A day is a day in the workspace's time zone. `within_next {"days": 90}` means today, or one of
  the 90 days after it; `within_last` likewise backwards. Verdicts that depend on the day change at
  local midnight. `past` and `future` leave today out for a date, and compare the instant for a
  datetime. Lengths are days, weeks, months, years, business_days; for datetimes also hours, which
  are counted exactly.
* An anniversary of a day is one or more whole years after it; `anniversary_within {"days": 30}`
  means that one is today or one of the 30 days after it.
* A datetime compares by local day with a date and exactly with an instant. Both ends of `between`
  are included.
* `{"from_today": {"days": -30}}` (text `today - 30 days`) stands for a date.
* Money is an integer of minor units; `{"amount": 5000000, "currency": "USD"}` (text `50000 USD`)
  also demands that currency.
* "Now" and "today" are given by the caller, so that a frozen workspace clock decides; SQL made from
  a rule never asks the database for the time.

Modules: `syntax` (the tree as written, reading and writing it as JSON and text), `catalog` (what a
rule may read), `type_check` (names and types resolved into `typed`), then the readers of a typed
rule, which agree: `interpreter` in Python over one record, `sql` over many. `docs/rules.md` tells
users the same with an example of everything.
"""

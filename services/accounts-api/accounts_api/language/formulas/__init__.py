"""The formula language: a trait worked out from other fields, by pure functions.

    coalesce(traits.seats, 0) * 12
    if(arr > 5000000, "large", "small")
    days_between(today(), contract_expiration)
    sum(opportunities.arr where is_closed = false)

Values
------
Texts `"…"`, numbers `12.5`, amounts `500 USD`, `true`, `false`, `null`, dates `2027-03-31` and
instants `2027-03-31T09:00:00Z`; fields (`arr`), traits (`traits.seats`), and both of them behind
relations to one record (`account.organization.name`). A select and an id read as text.

Operators, loosest first
------------------------
`or`, `and`, `not`, then `= != < <= > >=` and `is empty`, `is not empty`, then `+ -`, then `* /`,
then a minus in front. Parentheses group.

Functions
---------
=============  ====================================================================================
conditions     if(condition, then, else), coalesce(a, b, …)
text           concat(a, b, …), upper, lower, trim, left(t, n), right(t, n), length, replace(t, a,
               b), contains(text or multi_select, t), text(value), number(t)
numbers        round(x, places), floor, ceil, abs, min(a, b, …), max(a, b, …), amount(money)
dates          today(), date(instant), year, month, day, add_days(d, n), add_months(d, n),
               add_business_days(d, n), days_between(a, b), months_between(a, b),
               business_days_between(a, b)
related        count(contacts where …), sum(opportunities.arr where …), min(…), max(…),
               latest(opportunities.stage by close_date where …)
=============  ====================================================================================

`where` is the rule language. A roll-up may follow up to three relations, as in
`count(accounts.contacts)`; a record that is reached twice counts once.

Meaning
-------
* Whatever is worked out from a missing value is missing, except by `coalesce`, `if`, a roll-up and
  a condition. A condition says what it says in a rule: with a missing value every comparison is
  false, but `!=` is true, and so is `not` of it; a missing truth counts as false. Dividing by zero
  gives no value, and neither does a date beyond the calendar.
* Numbers are exact decimals of 34 digits. A number is kept with 15 significant digits, which every
  client's doubles hold unchanged. `round` and the last step of money round halves away from zero.
* Money is counted in minor units: a number beside an amount is a number of minor units. An amount
  may be multiplied or divided by a number, and an amount divided by an amount is a number. Two
  currencies never mix: adding them gives no value, nor does a sum over both or a result in another
  currency than the trait's, and comparing them says what comparing with a missing value does.
  `amount(arr)` is the number of major units.
* A day is a day in the workspace's zone; an instant stands for its local day wherever a day is
  asked for. `today()` changes at local midnight.
* A sum over no records is 0, a count 0; `min`, `max` and `latest` have no value there. `latest`
  takes the record with the greatest `by` (`created_at` unless said), even if it has no value.

Modules: `nodes` (the tree as written), `parser`, `printer`, `types` (what fits what), `functions`,
`type_check` (names and types resolved into `typed`). `formula_interpreter` reads a typed formula.
"""

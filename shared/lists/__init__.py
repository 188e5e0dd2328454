"""Lists of a service's rows: found by a rule, in the order that is asked for, page by page.

`filters` reads the rule and `order` the sort keys of a request against a catalog, `keyset` writes
the order and the place of a page as SQL, `moment` says when a rule is evaluated. `service` makes a
page of one table of them; a service whose lists need more puts the parts together by itself.
"""

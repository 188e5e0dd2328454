"""How a rule is kept true: the engine that evaluates a rule again for exactly the records that can
have changed (`engine`), which feature evaluates each kind of rule (`rule_kinds`), rules that stand
in an order (`rule_sets`), a rule by itself (`rule_checks`), and who uses what (`usages`).

Imports records, language and identity. Areas above register an evaluator in `wiring.py`; the engine
knows none of them.
"""

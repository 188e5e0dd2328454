"""Keeps the results of rules true: segments, statuses, formulas, assignments.

The worker evaluates a rule again for exactly the records that can have changed: those that a change
in `change_queue` reaches over `rule_dependencies`, those whose instant in `rule_next_changes` has
come, and every record once when the rule is new (`backfills`). The feature that a rule belongs to
decides what follows from a verdict (`rule_kinds`); it registers an `Evaluator` in `wiring.py`.
"""

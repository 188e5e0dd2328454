"""Rules that people write down for the worker to keep: what lifecycle rules, deactivation rules and
assignment rules have in common.
"""

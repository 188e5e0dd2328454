"""Kinds of rules: which feature evaluates each, in which order (`evaluators`), and how rules are
evaluated through it (`service`).
"""

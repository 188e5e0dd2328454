"""Indicators of records: their states, and what everyone is told of them. Rules open and clear them
in `indicator_rules`, people in `indicator_actions`.
"""

"""Segments: sets of records that a rule defines and that keep themselves."""

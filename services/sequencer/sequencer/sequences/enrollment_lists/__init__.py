"""Enrollments found by a rule, in the order that is asked for."""

"""Metrics and health scores: one event to its label, and looks at every account."""

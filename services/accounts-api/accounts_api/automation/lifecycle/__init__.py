"""Lifecycle status: which of four an account has, by rules, since when, and its periods."""

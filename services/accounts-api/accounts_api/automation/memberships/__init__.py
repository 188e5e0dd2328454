"""Memberships: who is in a segment, as its rule and people say, since when and why."""

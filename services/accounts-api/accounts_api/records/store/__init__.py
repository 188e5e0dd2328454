"""Records as they are changed: one engine for every kind, one at a time or in batches."""

"""Records as they are changed: one engine for every record type, one at a time or in batches."""

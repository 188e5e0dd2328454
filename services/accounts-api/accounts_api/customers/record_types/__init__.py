"""All the record types there are."""

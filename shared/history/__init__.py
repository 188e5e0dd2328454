"""What changed of a record: the same table, page and words in every service that keeps it."""

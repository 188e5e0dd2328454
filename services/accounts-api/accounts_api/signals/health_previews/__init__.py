"""What a draft of a score's definitions would do to all records, before anybody stores it."""

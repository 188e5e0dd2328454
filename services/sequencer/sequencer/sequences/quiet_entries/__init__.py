"""What came in quietly and would have entered a sequence, until a person lets it."""

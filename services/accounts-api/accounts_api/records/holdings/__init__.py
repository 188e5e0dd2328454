"""Which key roles there are and who holds them: what an edit of an account says of it."""

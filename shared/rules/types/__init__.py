"""What a rule may read, and a rule with its names and types resolved against it."""

"""What belongs to a record leaves with it and comes back with it."""

"""What the backfill of a key role's rules is for: to learn who stands where, or to assign."""

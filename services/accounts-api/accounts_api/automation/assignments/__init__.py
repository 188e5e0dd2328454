"""Key roles that assign themselves: rules, whom they choose, and backfills over every account."""

"""Key roles that assign themselves: rules, whom they choose, and the look at every account."""

"""Routes that every service has: for operators, for the other services, and about its own work."""

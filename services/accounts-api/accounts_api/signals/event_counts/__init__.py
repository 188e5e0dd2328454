"""How often what happened each day, of which account and contact: all that rules read of events."""

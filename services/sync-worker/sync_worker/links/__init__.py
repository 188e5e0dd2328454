"""How a connector speaks to its system: requests with the session of a connection."""

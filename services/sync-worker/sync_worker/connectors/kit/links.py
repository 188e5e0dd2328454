"""What to tell a person of a connection that was not made, or did not last."""

from shared.net.connection_errors import link_trouble

__all__ = ["link_trouble"]

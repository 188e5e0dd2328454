"""What to tell a person of a connection that was not made, or did not last."""

from shared.net.connection_errors import describe_connection_error

__all__ = ["describe_connection_error"]

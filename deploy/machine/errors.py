"""What can go wrong on this machine, said so that the reader knows what to do next."""


class LocalError(Exception):
    """A sentence for the person at the terminal; shown without a traceback."""


class PortTaken(LocalError):
    """Somebody listens where a program wanted to: free when it was chosen, and no longer."""

"""What can go wrong at a desk, said so that the reader knows what to do next."""


class DeskError(Exception):
    """A sentence for the person at the terminal; shown without a traceback."""

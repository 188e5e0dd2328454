class PeerAway(Exception):
    """A service gave no answer that says anything of the rows: try later."""

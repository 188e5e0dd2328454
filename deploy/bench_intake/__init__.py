"""Cases of `make bench` about what comes in: product events, and files."""

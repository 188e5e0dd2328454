"""What leaves lists with an ignored account."""

"""Several records changed at once, all of them or none, for another of our services."""

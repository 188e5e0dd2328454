"""What is known of the names of events: how many came, how many were refused, and why."""

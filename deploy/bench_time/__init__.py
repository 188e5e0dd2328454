"""What `make bench` measures of time: reading the past, and midnight."""

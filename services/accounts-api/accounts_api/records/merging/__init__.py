"""Two records that are one customer become one."""

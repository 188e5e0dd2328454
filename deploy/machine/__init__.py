"""Files, locks, ports and child processes: what servers and the local stack need of a machine."""

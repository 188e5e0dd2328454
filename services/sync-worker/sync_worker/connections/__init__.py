"""Links to other systems: address, sealed secrets, sessions, schedule, health and lease.

It imports `connectors`, to know which systems there are. Others import its `service`, and
`models.of_connection` for tables whose rows belong to a connection.
"""

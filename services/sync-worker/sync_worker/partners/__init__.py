"""What partners hear of a workspace: the event feed, webhook endpoints, and signed deliveries.

It imports nothing of the other areas. Others import `partner_events.documented` and `.unions` for
the OpenAPI document and the services of its three features for upkeep and status.
"""

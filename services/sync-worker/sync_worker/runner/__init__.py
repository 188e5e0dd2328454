"""When and how safely another system is read: leases, places, retries, runs and their progress.

It imports `connections` and `connectors` and knows no vendor. What to do with that which was read
is the business of the areas above, which import the services of `runs` and `turns`.
"""

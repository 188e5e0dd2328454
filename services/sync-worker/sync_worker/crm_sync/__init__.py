"""Records of other systems become ours, and our values go back to them.

It imports `runner`, `connections` and `connectors`. What a record of theirs becomes is said by
`mappings`; `records` is the way to the accounts service, which owns the records. Others import the
services of its features.
"""

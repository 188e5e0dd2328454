"""One folder a system: how its wire becomes neutral rows, and what its refusals mean.

A connector owns no table, no clock, no retry and no schedule. It imports `base`, `kit` and its own
folder; everything else asks `registry` for connectors.
"""

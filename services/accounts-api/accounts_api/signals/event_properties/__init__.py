"""Properties of product events that a workspace declares, so that rules may count by them.

From then on an event counts by the declared properties of its name, too; those that came before are
counted by them in batches.
"""

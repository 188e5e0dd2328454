"""A rule as it is written: the tree, and its JSON and text forms."""
